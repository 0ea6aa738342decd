/** `stepwell/lambda`: functions served by AWS Lambda behind API Gateway (REST and HTTP) or a function URL. */
import type { ServeOptions } from "./sdk/app.ts";
import type { Incoming } from "./sdk/incoming.ts";
import { absoluteUrl } from "./sdk/node-http.ts";
import { createExchange } from "./sdk/serve.ts";

export type { ServeOptions } from "./sdk/app.ts";

type Texts = { readonly [name: string]: string | undefined } | null;

/** What is used of the events: the REST form (1.0) and the HTTP and function URL form (2.0). */
export interface LambdaEvent {
  readonly httpMethod?: string;
  readonly path?: string;
  readonly queryStringParameters?: Texts;
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly requestContext?: { readonly path?: string; readonly http?: { readonly method: string } };
  readonly headers?: Texts;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

/** What Lambda is answered; both forms take it. */
export interface LambdaResult {
  statusCode: number;
  headers: { [name: string]: string };
  body: string;
}

/**
 * Serves functions as a Lambda handler.
 *
 * @example
 * ```ts
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/lambda";
 * const client = new Stepwell({ id: "leads" });
 * export const handler = serve({ client, functions: [] });
 * ```
 */
export function serve(options: ServeOptions): (event: LambdaEvent) => Promise<LambdaResult> {
  const exchange = createExchange(options, "aws-lambda");
  return async (event) => {
    const { status, headers, body } = await exchange(incoming(event));
    return { statusCode: status, headers: { ...headers }, body };
  };
}

function incoming(event: LambdaEvent): Incoming {
  const headers = new Map(Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const header = (name: string) => headers.get(name) ?? null;
  const query = event.rawQueryString ?? new URLSearchParams(entries(event.queryStringParameters ?? {})).toString();
  // The path of the context keeps the stage, as the public URL does.
  const path = event.rawPath ?? event.requestContext?.path ?? event.path ?? "/";
  return {
    method: event.requestContext?.http?.method ?? event.httpMethod ?? "GET",
    url: absoluteUrl(query === "" ? path : `${path}?${query}`, header, true),
    header,
    body: async () => (event.isBase64Encoded === true ? decodeBase64(event.body ?? "") : (event.body ?? undefined)),
  };
}

const entries = (texts: NonNullable<Texts>) =>
  Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined);

const decodeBase64 = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
