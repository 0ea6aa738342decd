/** The app made with the official SDK v4. */
import { cron, eventType, Inngest, NonRetriableError, RetryAfterError, StepError } from "inngest-v4";
import { serve } from "inngest-v4/node";
import type { AppOptions, Client, Sdk } from "./app.ts";
import { type Definition, type Errors, functionsOf, type Trigger } from "./functions.ts";
import { quiet } from "./quiet.ts";

function makeClient({ appId, baseUrl, isDev, eventKey, checkpointing, fetch, ...keys }: AppOptions): Inngest {
  const { signingKey, signingKeyFallback } = keys;
  return new Inngest({
    id: appId,
    logger: quiet,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(isDev === undefined ? {} : { isDev }),
    ...(eventKey === undefined ? {} : { eventKey }),
    ...(checkpointing === undefined ? {} : { checkpointing }),
    ...(fetch === undefined ? {} : { fetch }),
    ...(signingKey === undefined ? {} : { signingKey }),
    ...(signingKeyFallback === undefined ? {} : { signingKeyFallback }),
  });
}

export const v4: Sdk = {
  name: "v4",
  language: /^inngest-js:v4\./,
  definitions: (seen) => functionsOf(seen, { NonRetriableError, RetryAfterError, StepError } as unknown as Errors),
  client: (options) => makeClient(options) as unknown as Client,
  listener: (options, definitions) => {
    const client = makeClient(options);
    return serve({ client, functions: definitions.map((definition) => makeFunction(client, definition)) });
  },
};

function makeFunction(client: Inngest, { id, triggers, retries, handler, onFailure }: Definition) {
  return client.createFunction(
    {
      id,
      triggers: triggers.map(asTrigger),
      ...(retries === undefined ? {} : { retries: retries as 3 }),
      ...(onFailure === undefined ? {} : { onFailure: onFailure as never }),
    },
    handler as never,
  );
}

/** The ways in which v4 writes triggers: the helper for crons, the typed event where it can stand alone. */
function asTrigger(trigger: Trigger) {
  if ("cron" in trigger) return cron(trigger.cron);
  return trigger.if === undefined ? eventType(trigger.event) : { event: trigger.event, if: trigger.if };
}
