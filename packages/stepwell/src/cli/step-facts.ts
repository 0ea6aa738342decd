/** What is said about a step beside its name: how it stands, for how long, what it waits for, and until when. */
import { type StepRecord, statusOf } from "./records.ts";
import { relativeText, tookText } from "./time-text.ts";

/** `hasEnded`: the run has, so that what is open of it stays so. */
export function stepFacts(step: StepRecord, nowMs: number, hasEnded = false): string[] {
  const status = statusOf(step);
  const attempts = step.attempts + (status === "completed" ? 1 : 0);
  return [
    ...(step.ended_at !== null
      ? endedFacts(step, status, step.ended_at)
      : hasEnded
        ? [`was ${status}, and is no more`]
        : openFacts(step, status, nowMs)),
    ...(step.child_run_id === undefined ? [] : [`run ${step.child_run_id}`]),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
  ];
}

function endedFacts(step: StepRecord, status: string, endedAt: string): string[] {
  const took = tookText(spanMs({ ...step, ended_at: endedAt }));
  const awaited = awaitedOf(step);
  if (status === "timed out") return [`timed out after ${took}`, ...(awaited === null ? [] : [`no ${awaited}`])];
  if (step.kind === "sleep" && status === "completed") return [`slept ${took}`];
  return [`${status} in ${took}`, ...(awaited === null || step.kind === "invoke" ? [] : [awaited])];
}

/** What its due time means, by its status. */
const DUE: Readonly<Record<string, string>> = {
  sleeping: "wakes",
  retrying: "next attempt",
  waiting: "times out",
};

function openFacts(step: StepRecord, status: string, nowMs: number): string[] {
  const awaited = awaitedOf(step);
  const { due_at: dueAt = null } = step;
  const due = DUE[status];
  return [
    status === "waiting" && awaited !== null ? `waiting for ${awaited}` : status,
    `for ${tookText(Math.max(nowMs - Date.parse(step.queued_at), 0))}`,
    ...(due === undefined || dueAt === null ? [] : [`${due} ${relativeText(Date.parse(dueAt), nowMs)}`]),
  ];
}

/** "event order/paid", "signal approve/17", "function shop-charge"; null for steps that wait for nothing. */
function awaitedOf({ kind, options = {} }: StepRecord): string | null {
  if (kind === "wait") {
    const names = [options["events"] ?? options["event"] ?? []].flat();
    return names.length === 0 ? "an event" : `event ${names.join(" or ")}`;
  }
  if (kind === "signal") return `signal ${String(options["signal"] ?? "")}`.trimEnd();
  if (kind === "invoke") return `function ${String(options["function_id"] ?? "")}`.trimEnd();
  return null;
}

export function spanMs(one: {
  readonly started_at: string | null;
  readonly queued_at?: string;
  readonly ended_at: string;
}): number {
  return Math.max(Date.parse(one.ended_at) - Date.parse(one.started_at ?? one.queued_at ?? one.ended_at), 0);
}
