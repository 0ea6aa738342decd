/** `stepwell runs show`: one run as a small tree of its steps. */
import { LIMITS } from "../protocol/limits.ts";
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import {
  type AttemptRecord,
  type EventRecord,
  isEnded,
  type RunRecord,
  type StepRecord,
  statusOf,
  tookMs,
} from "./records.ts";
import { safeText } from "./safe-text.ts";
import type { Environment } from "./settings.ts";
import { statusMark, statusText } from "./status-text.ts";
import { spanMs, stepFacts } from "./step-facts.ts";
import type { Colors, Terminal } from "./terminal.ts";
import { relativeText, tookText } from "./time-text.ts";
import { errorLines, valueLines } from "./value-lines.ts";

export async function showRun(
  id: string,
  options: ClientOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  const path = `/v1/runs/${encodeURIComponent(id)}`;
  const run = await api.get<RunRecord>(path);
  const [{ data: steps, function_failed_attempts: attempts = [] }, event] = await Promise.all([
    api.list<StepRecord, OfFunction>(`${path}/steps`, {}, LIMITS.stepsPerRunMax),
    // A run of a schedule has no stored event.
    run.event_id === null ? null : api.get<EventRecord>(`/v1/events/${run.event_id}`).catch(() => null),
  ]);
  if (options.json) terminal.print(JSON.stringify({ run, steps, event, function_failed_attempts: attempts }));
  else terminal.print(runLines({ run, steps, event, attempts }, terminal.now(), terminal.colors).join("\n"));
  return EXIT.ok;
}

interface OfFunction {
  readonly function_failed_attempts?: readonly AttemptRecord[];
}

interface Shown {
  readonly run: RunRecord;
  readonly steps: readonly StepRecord[];
  readonly event: EventRecord | null;
  /** Those in which the function itself failed, outside of steps. */
  readonly attempts: readonly AttemptRecord[];
}

export function runLines({ run, steps, event, attempts }: Shown, nowMs: number, colors: Colors): string[] {
  const status = statusOf(run);
  const name = colors.bold(run.function_slug ?? run.function_id);
  const by = run.cron === undefined ? safeText(event?.name ?? run.event_id ?? "") : `cron ${run.cron}`;
  const took = isEnded(run) ? ` in ${tookText(tookMs(run, nowMs))}` : "";
  return [
    `${name}  ${statusText(status, colors)}${took}  ${colors.dim(run.run_id)}`,
    `started ${relativeText(Date.parse(run.queued_at), nowMs)} by ${by}`,
    ...originLines(run),
    ...(event === null ? [] : valueLines("data", event.data, "")),
    ...steps.flatMap((step, index) => stepLines(step, index === steps.length - 1, isEnded(run), nowMs, colors)),
    ...attemptLines(status === "failed" ? attempts.filter((one) => !isErrorOf(run, one)) : attempts, colors),
    ...codeChangeLines(run, colors),
    ...resultLines(run, status),
    ...reasonLines(run, status),
  ];
}

function originLines(run: RunRecord): string[] {
  const { original_run_id: original, parent_run_id: parent, resumes = 0 } = run;
  return [
    ...(original === undefined ? [] : [`repeats run ${original}`]),
    ...(parent === undefined ? [] : [`invoked by run ${parent}`]),
    ...(resumes === 0 ? [] : [`resumed ${resumes === 1 ? "once" : `${resumes} times`}`]),
  ];
}

function codeChangeLines({ code_change: change }: RunRecord, colors: Colors): string[] {
  if (change === undefined) return [];
  return [colors.yellow(`its code changed under it: ${change.reason}`)];
}

/** Why a run ended that did not simply complete or fail. */
const REASONS: Readonly<Record<string, string>> = {
  timed_out: "its time was over",
  cancelled_by_event: "an event cancelled it",
  cancelled_by_request: "somebody cancelled it",
  cancelled_by_parent: "the run that invoked it was cancelled",
  replaced: "another run took its place",
  paused: "its function is paused",
  function_removed: "its function was removed",
};

function reasonLines({ reason, reason_text: text }: RunRecord, status: string): string[] {
  if (reason === undefined && text === undefined) return [];
  // What failed has told it as its error.
  const detail = text === undefined || status === "failed" ? "" : ` (${text})`;
  return [`because ${reason === undefined ? "of this" : (REASONS[reason] ?? reason)}${detail}`];
}

function stepLines(step: StepRecord, isLast: boolean, hasEnded: boolean, nowMs: number, colors: Colors): string[] {
  const status = statusOf(step);
  const name = safeText(step.index === 0 ? step.name : `${step.name} (${step.index + 1})`);
  const title = `${statusMark(status, colors)} ${colors.bold(name)}  ${stepFacts(step, nowMs, hasEnded).join(", ")}`;
  const condition = step.options?.["if"];
  const inner = [
    // The condition matters while it is not met.
    ...(typeof condition === "string" && status !== "completed" ? [colors.dim(`if ${condition}`)] : []),
    ...attemptLines(step.failed_attempts, colors),
    // A step that failed for good has its last attempt above already.
    ...(step.error !== undefined && step.failed_attempts.length === 0 ? errorLines(step.error, "  ") : []),
    ...(step.output === undefined ? [] : valueLines("→", step.output, "")),
  ];
  const [branch, rail] = isLast ? ["└─", "  "] : ["├─", "│ "];
  return [`${branch} ${title}`, ...inner.map((line) => `${rail}   ${line}`)];
}

/** The attempt that ended the run: its error is told as the run's. */
function isErrorOf({ ended_at: endedAt, output }: RunRecord, { ended_at: at, error }: AttemptRecord): boolean {
  const messageOf = (value: unknown) => (Object(value) as { readonly message?: unknown }).message;
  return at === endedAt && messageOf(error) === messageOf(output);
}

function attemptLines(attempts: readonly AttemptRecord[], colors: Colors): string[] {
  return attempts
    .toSorted((left, right) => left.attempt - right.attempt)
    .flatMap((attempt) => [
      colors.yellow(`attempt ${attempt.attempt + 1} failed after ${tookText(spanMs(attempt))}`),
      ...errorLines(attempt.error, "  ").map((line) => colors.dim(line)),
    ]);
}

function resultLines(run: RunRecord, status: string): string[] {
  if (status === "failed") return ["error", ...errorLines(run.output, "  ")];
  return run.output === undefined ? [] : valueLines("output", run.output, "");
}
