/**
 * `POST /v1/checkpoint/{run}/async`: an app saves results while its call goes on.
 *
 *   CP1. 200 only once the results are durable.
 *   CP2. 409 only when a newer call took over: SDKs stop at once on it.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { parseJobId } from "../core/run/dispatch.ts";
import { errorText } from "../protocol/error-value.ts";
import { StepwellError } from "../protocol/errors.ts";
import { isUlid } from "../protocol/ids.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Op } from "../protocol/op.ts";
import { readOp } from "../protocol/reply.ts";
import { authorize } from "./api/authorize.ts";
import { RAW_ROUTES } from "./api/raw-routes.ts";
import { entryOf } from "./api/route.ts";
import { parseAppBody, readBody } from "./body.ts";
import type { ServerContext } from "./context.ts";
import { errorReply } from "./error-reply.ts";
import { answerJson } from "./raw-reply.ts";

const ENTRY = entryOf(RAW_ROUTES, "saveCheckpoint");
const ROUTE = /^\/v1\/(?:checkpoint|http\/runs)\/([^/?]+)\/async(?:\?|$)/;

/** The run that a URL saves to, or null when it is another route. */
export function checkpointRunOf(url: string): string | null {
  return ROUTE.exec(url)?.[1] ?? null;
}

export async function saveCheckpoint(
  context: ServerContext,
  runId: string,
  request: IncomingMessage,
  response: ServerResponse,
  common: readonly string[],
): Promise<void> {
  try {
    authorize(context, ENTRY, request);
    const body = parseAppBody(await readBody(request, LIMITS.apiBodyBytesMax));
    const answer = await context.engine.saveCheckpoint(readCheckpoint(body, runId, Date.now()));
    if (answer.kind === "refused") throw new StepwellError(answer.code, answer.details);
    answerJson(response, 200, '{"status":200}', common); // CP1
  } catch (error) {
    const { status, body } = errorReply(error, context.log);
    answerJson(response, status, JSON.stringify(body), common);
  }
}

interface Checkpoint {
  readonly runId: string;
  readonly slot: string;
  readonly generation: number | null;
  readonly ops: readonly Op[];
}

/** Reads the body; throws `body_invalid`, `op_invalid` or `too_many_ops`. */
export function readCheckpoint(body: unknown, runId: string, nowMs: number): Checkpoint {
  if (!isUlid(runId)) throw new StepwellError("body_invalid", { reason: "the run id in the path is not a ULID" });
  if (!isJsonObject(body)) throw new StepwellError("body_invalid", { reason: "it is not an object" });
  if (body["run_id"] !== undefined && body["run_id"] !== runId) {
    throw new StepwellError("body_invalid", { reason: "run_id is not the run of the path" });
  }
  const job = typeof body["qi_id"] === "string" ? parseJobId(body["qi_id"]) : null;
  if (job === null || job.runId !== runId) {
    throw new StepwellError("body_invalid", { reason: "qi_id does not name a job of this run" });
  }
  return { runId, slot: job.slot, generation: readGeneration(body), ops: readOps(body, nowMs) };
}

function readGeneration(body: JsonObject): number | null {
  const generation = body["generation_id"];
  if (generation === undefined || generation === null) return null;
  if (typeof generation !== "number" || !Number.isSafeInteger(generation)) {
    throw new StepwellError("body_invalid", { reason: "generation_id is not a whole number" });
  }
  return generation;
}

/** The operations of a body, in `steps`. */
export function readOps(body: JsonObject, nowMs: number): Op[] {
  const steps = body["steps"];
  if (!Array.isArray(steps)) throw new StepwellError("body_invalid", { reason: "steps is not a list" });
  if (steps.length > LIMITS.opsPerReplyMax) {
    throw new StepwellError("too_many_ops", { count: steps.length, limit: LIMITS.opsPerReplyMax });
  }
  return steps.map((step: unknown, index) => {
    const op = readOpSafely(step, nowMs);
    if (typeof op === "string") throw new StepwellError("op_invalid", { index, reason: op });
    return op;
  });
}

/** An op may hold what JSON text can spell but canonical JSON cannot: a number out of range, half a surrogate pair. */
function readOpSafely(step: unknown, nowMs: number): Op | string {
  try {
    return readOp(step, false, nowMs);
  } catch (error) {
    return errorText(error);
  }
}
