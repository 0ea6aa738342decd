/**
 * `POST /e/{key}`: events in, their ids out, once they are durable.
 *
 * The answer has the shape event clients expect: `ids` and `status` always, `error` when there is one; `code` and
 * `index` are ours. Every refusal has an empty `ids`: nothing of the request was stored.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { StepwellError } from "../protocol/errors.ts";
import { HEADERS } from "../protocol/headers.ts";
import { LIMITS } from "../protocol/limits.ts";
import { authorize } from "./api/authorize.ts";
import { RAW_ROUTES } from "./api/raw-routes.ts";
import { entryOf } from "./api/route.ts";
import { parseJsonBody, readBody } from "./body.ts";
import type { ServerContext } from "./context.ts";
import { codedError } from "./error-reply.ts";
import { readEvents } from "./intake.ts";
import { answerJson } from "./raw-reply.ts";

export const EVENT_ROUTE_PREFIX = "/e/";

const ENTRY = entryOf(RAW_ROUTES, "sendEvents");

export async function receiveEvents(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  common: readonly string[],
): Promise<void> {
  try {
    const ids = await storeEvents(context, request);
    answerJson(response, 200, `{"ids":[${ids.map((id) => `"${id}"`).join(",")}],"status":200}`, common);
  } catch (error) {
    const { status, message, code, details } = codedError(error, context.log);
    const index = typeof details["index"] === "number" ? { index: details["index"] } : {};
    answerJson(response, status, JSON.stringify({ ids: [], status, error: message, code, ...index }), common);
  }
}

async function storeEvents(context: ServerContext, request: IncomingMessage): Promise<string[]> {
  authorize(context, ENTRY, request);
  context.access.eventKeys.check(keyOf(request.url!));
  if (!context.engine.isAccepting) throw new StepwellError("server_stopping");
  const body = await readBody(request, LIMITS.intakeBodyBytesMax);
  refuseOtherTypes(request, body);
  const seed = request.headers[HEADERS.eventIdSeed];
  const { traceparent } = request.headers;
  const events = readEvents({
    body: parseJsonBody(body),
    seed: typeof seed === "string" ? seed : undefined,
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
    now: Date.now(),
    ids: context.ids,
  });
  if (events.length === 0) return [];
  const receipts = await context.engine.receive(events);
  return receipts.map((receipt) => receipt.eventId);
}

function keyOf(url: string): string {
  const end = url.indexOf("?");
  const key = url.slice(EVENT_ROUTE_PREFIX.length, end < 0 ? undefined : end);
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** JSON is welcome under any content type (a plain `curl -d` says it sends a form); anything else is named. */
function refuseOtherTypes(request: IncomingMessage, body: Buffer): void {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new StepwellError("content_type_unsupported", { type: `(encoded as ${encoding.slice(0, 64)})` });
  }
  const type = request.headers["content-type"];
  if (type === undefined || /json/i.test(type)) return;
  const isJson = /^\s*[[{]/.test(body.toString("latin1", 0, 256));
  if (!isJson && body.length > 0) throw new StepwellError("content_type_unsupported", { type: type.slice(0, 128) });
}
