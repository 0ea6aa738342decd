/** The app made with the official SDK v4. */
import {
  cron,
  fetch as durableFetch,
  eventType,
  Inngest,
  NonRetriableError,
  RetryAfterError,
  referenceFunction,
  StepError,
} from "inngest-v4";
import { serve } from "inngest-v4/node";
import type { AppOptions, Client, Sdk, SignalClient } from "./app.ts";
import type { Definition, Errors, Tools, Trigger } from "./definition.ts";
import { functionsOf } from "./functions.ts";
import { quiet } from "./quiet.ts";

function makeClient({
  appId,
  baseUrl,
  isDev,
  eventKey,
  checkpointing,
  optimizeParallelism,
  fetch,
  ...keys
}: AppOptions): Inngest {
  const { signingKey, signingKeyFallback } = keys;
  return new Inngest({
    id: appId,
    logger: quiet,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(isDev === undefined ? {} : { isDev }),
    ...(eventKey === undefined ? {} : { eventKey }),
    ...(checkpointing === undefined ? {} : { checkpointing: checkpointing as boolean }),
    ...(optimizeParallelism === undefined ? {} : { optimizeParallelism }),
    ...(fetch === undefined ? {} : { fetch }),
    ...(signingKey === undefined ? {} : { signingKey }),
    ...(signingKeyFallback === undefined ? {} : { signingKeyFallback }),
  });
}

const errors = { NonRetriableError, RetryAfterError, StepError } as unknown as Errors;
const made = new WeakMap<Definition, unknown>();

const tools: Tools = {
  ...errors,
  functionOf: (definition) => made.get(definition),
  referenceFunction,
  fetch: durableFetch as typeof fetch,
};

export const v4: Sdk = {
  name: "v4",
  language: /^inngest-js:v4\./,
  tools,
  definitions: (seen) => functionsOf(seen, errors),
  client: (options) => makeClient(options) as unknown as Client & SignalClient,
  listener: (options, definitions) => {
    const client = makeClient(options);
    return serve({ client, functions: definitions.map((definition) => makeFunction(client, definition)) });
  },
};

function makeFunction(client: Inngest, definition: Definition) {
  const { id, triggers, retries, handler, onFailure } = definition;
  const fn = client.createFunction(
    {
      id,
      ...(definition.options as object),
      triggers: triggers.map(asTrigger),
      ...(retries === undefined ? {} : { retries: retries as 3 }),
      ...(onFailure === undefined ? {} : { onFailure: onFailure as never }),
    },
    handler as never,
  );
  made.set(definition, fn);
  return fn;
}

/** The ways in which v4 writes triggers: the helper for crons, the typed event where it can stand alone. */
function asTrigger(trigger: Trigger) {
  if ("own" in trigger) return trigger.own as ReturnType<typeof eventType>;
  if ("cron" in trigger) return cron(trigger.cron);
  return trigger.if === undefined ? eventType(trigger.event) : { event: trigger.event, if: trigger.if };
}
