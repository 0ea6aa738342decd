/**
 * Gateway and AIGateway: a request that the server makes for a step.
 *
 *   RQ1. What the request needs, secrets included, is in the job's payload, which goes with the job. The step's row, which
 *        stays and is shown, has it without them.
 *   RQ2. A request that is out when the process dies is made again (E3); the first result recorded wins.
 */

import type { ErrorValue } from "../../protocol/error-value.ts";
import { type GatewayKind, readGatewayOpts, redactGatewayOpts } from "../../protocol/gateway.ts";
import { canonicalJson, type JsonText } from "../../protocol/json.ts";
import type { Op } from "../../protocol/op.ts";
import { retryDelayMs } from "../retry.ts";
import { attemptsMax, type RunContext } from "./context.ts";
import { failRunWith } from "./finish.ts";
import { addJob, retryJob } from "./jobs.ts";
import { fits } from "./limits.ts";
import { isEnded, type Job, type Run } from "./run.ts";
import { dataMemo, errorMemo, fittingMemo, stepFor } from "./steps.ts";
import { resolveWait } from "./wait-event.ts";

/** What became of a request that the server made for a step. */
export type RequestOutcome =
  /** What goes into the memo as `{"data":…}`. */
  | { readonly kind: "done"; readonly data: JsonText }
  | {
      readonly kind: "failed";
      readonly error: ErrorValue;
      readonly noRetry: boolean;
      /** How long the next attempt should wait, in ms; already clamped. Null: the curve decides. */
      readonly retryAfterMs: number | null;
      /** The HTTP status, or null when there was none. */
      readonly status: number | null;
    };

export function applyRequest(context: RunContext, run: Run, op: Op, kind: GatewayKind): void {
  if (!fits(context, run, op, "")) return;
  const read = readGatewayOpts(kind, op.opts);
  if (typeof read === "string") {
    failRunWith(context, run, "gateway_invalid", { step: op.displayName, reason: read });
    return;
  }
  stepFor(context, run, op, kind, "planned", canonicalJson(redactGatewayOpts(kind, op.opts)));
  addJob(context, run, op.id, "request", context.now, canonicalJson(op.opts)); // RQ1
}

/** The request is made now; nothing is written for it (E3). */
export function dispatchRequest(context: RunContext, run: Run, job: Job, requestId: string): void {
  const step = run.steps.get(job.slot)!;
  job.generation = Math.max(job.generation + 1, context.now);
  const { generation } = job;
  job.call = { generation, requestId, startedAt: context.now, memoCount: run.stack.length, isSuperseded: false };
  step.startedAt ??= context.now;
  context.batch.requests.push({
    runId: run.id,
    slot: job.slot,
    functionId: run.functionId,
    generation,
    kind: step.kind === "ai" ? "ai" : "fetch",
    step: step.name,
    attempt: job.attempt,
    payload: job.payload ?? "{}",
  });
}

export function requestReply(
  context: RunContext,
  run: Run,
  slot: string,
  generation: number,
  outcome: RequestOutcome,
): void {
  const job = run.jobs.get(slot);
  if (isEnded(run) || job?.call == null || job.call.generation !== generation) return;
  const call = job.call;
  job.call = null;
  const step = run.steps.get(slot)!;
  step.attempts = job.attempt + 1;
  context.batch.steps.add(step);
  if (outcome.kind === "done") {
    const { memo, status } = fittingMemo(context, step, dataMemo(outcome.data));
    resolveWait(context, run, slot, memo, status);
    return;
  }
  context.batch.attempts.push({
    runId: run.id,
    slot,
    attempt: job.attempt,
    startedAt: call.startedAt,
    endedAt: context.now,
    status: outcome.status,
    error: canonicalJson(outcome.error),
  });
  if (outcome.noRetry || job.attempt + 1 >= attemptsMax(context, run)) {
    resolveWait(context, run, slot, errorMemo(outcome.error), "failed");
    return;
  }
  step.status = "retrying";
  const delayMs = retryDelayMs(job.attempt, outcome.retryAfterMs, context.retry, context.random);
  retryJob(context, run, job, context.now + delayMs);
}
