/** The app made with the official SDK v3. */
import {
  fetch as durableFetch,
  Inngest,
  NonRetriableError,
  RetryAfterError,
  referenceFunction,
  StepError,
} from "inngest-v3";
import { serve } from "inngest-v3/node";
import type { AppOptions, Client, Sdk, SignalClient } from "./app.ts";
import type { Definition, Errors, Tools } from "./definition.ts";
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
}: AppOptions): Inngest {
  return new Inngest({
    id: appId,
    logger: quiet,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(isDev === undefined ? {} : { isDev }),
    ...(eventKey === undefined ? {} : { eventKey }),
    ...(checkpointing === undefined ? {} : { checkpointing: checkpointing as boolean }),
    ...(optimizeParallelism === undefined ? {} : { optimizeParallelism }),
    ...(fetch === undefined ? {} : { fetch }),
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

export const v3: Sdk = {
  name: "v3",
  language: /^inngest-js:v3\./,
  tools,
  definitions: (seen) => functionsOf(seen, errors),
  client: (options) => makeClient(options) as unknown as Client & SignalClient,
  listener: (options, definitions) => {
    const client = makeClient(options);
    const functions = definitions.map((definition) => makeFunction(client, definition));
    const { baseUrl, signingKey, signingKeyFallback } = options;
    return serve({
      client,
      functions,
      logLevel: "silent",
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(signingKey === undefined ? {} : { signingKey }),
      ...(signingKeyFallback === undefined ? {} : { signingKeyFallback }),
    });
  },
};

function makeFunction(client: Inngest, definition: Definition) {
  const { id, triggers, retries, handler, onFailure } = definition;
  const options = {
    id,
    ...(definition.options as object),
    ...(retries === undefined ? {} : { retries: retries as 3 }),
    ...(onFailure === undefined ? {} : { onFailure: onFailure as never }),
  };
  const fn = client.createFunction(options, triggers as never, handler as never);
  made.set(definition, fn);
  return fn;
}
