/** The app made with the official SDK v3. */
import { Inngest, NonRetriableError, RetryAfterError, StepError } from "inngest-v3";
import { serve } from "inngest-v3/node";
import type { AppOptions, Client, Sdk } from "./app.ts";
import { type Definition, type Errors, functionsOf } from "./functions.ts";
import { quiet } from "./quiet.ts";

function makeClient({ appId, baseUrl, isDev, eventKey, checkpointing, fetch }: AppOptions): Inngest {
  return new Inngest({
    id: appId,
    logger: quiet,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(isDev === undefined ? {} : { isDev }),
    ...(eventKey === undefined ? {} : { eventKey }),
    ...(checkpointing === undefined ? {} : { checkpointing }),
    ...(fetch === undefined ? {} : { fetch }),
  });
}

export const v3: Sdk = {
  name: "v3",
  language: /^inngest-js:v3\./,
  definitions: (seen) => functionsOf(seen, { NonRetriableError, RetryAfterError, StepError } as unknown as Errors),
  client: (options) => makeClient(options) as unknown as Client,
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

function makeFunction(client: Inngest, { id, triggers, retries, handler, onFailure }: Definition) {
  const options = {
    id,
    ...(retries === undefined ? {} : { retries: retries as 3 }),
    ...(onFailure === undefined ? {} : { onFailure: onFailure as never }),
  };
  return client.createFunction(options, triggers as never, handler as never);
}
