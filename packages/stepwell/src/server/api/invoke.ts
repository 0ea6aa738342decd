/** Starts a function for a client, and waits for the result if it asks for that. */
import { parseDuration } from "../../protocol/duration.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { HEADERS } from "../../protocol/headers.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { readEvent } from "../../protocol/read-events.ts";
import type { RunRow } from "../../store/store.ts";
import { inTrace } from "../intake.ts";
import type { ApiContext } from "./api-engine.ts";
import type { RequestFacts } from "./route.ts";
import { type Started, startedOf } from "./started.ts";

/** What is invoked is an event without a name; the engine gives it its own. */
const PLACEHOLDER_NAME = "invoked";

/** How long a client may keep a request open for a result. */
const WAIT_MS_MAX = 300_000;

export interface InvokeRequest {
  readonly fn: FunctionConfig;
  readonly fields: JsonObject;
  readonly idempotencyKey: string | null;
  readonly request: RequestFacts;
}

export async function invoke(
  context: ApiContext,
  { fn, fields, idempotencyKey, request }: InvokeRequest,
): Promise<Started> {
  const now = Date.now();
  const place = { index: 0, id: context.ids.next(now), now, mayExist: false };
  const event = inTrace(readEvent({ ...fields, name: PLACEHOLDER_NAME }, place), request.header(HEADERS.traceparent));
  const answer = await context.engine.invoke({ functionId: fn.id, event, idempotencyKey });
  const started = startedOf(answer);
  return started.isNew ? { ...started, eventId: started.eventId ?? event.stored.id } : started;
}

/** The run, after it has ended or `waitMs` has passed. */
export function awaitRun(
  context: ApiContext,
  runId: string,
  waitMs: number,
  request: RequestFacts,
): Promise<RunRow | null> {
  if (waitMs === 0) return context.store.getRun(DEFAULT_ENV, runId);
  return context.runEnds.wait(runId, { waitMs, signal: request.closed() });
}

/** `wait` of a request: a duration or milliseconds; 0 when there is none. */
export function waitMsOf(wait: string | number | null): number {
  if (wait === null) return 0;
  const waitMs = typeof wait === "number" ? wait : parseDuration(wait);
  if (waitMs !== null && Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= WAIT_MS_MAX) return waitMs;
  throw new StepwellError("body_invalid", {
    reason: `wait must be a duration up to ${WAIT_MS_MAX / 1_000} s, like "30s"`,
  });
}
