/** `stepwell runs show`: one run as a small tree of its steps. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type EventRecord, isEnded, type RunRecord, type StepRecord, statusOf, tookMs } from "./records.ts";
import type { Environment } from "./settings.ts";
import { statusMark, statusText } from "./status-text.ts";
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
  const [steps, event] = await Promise.all([
    api.get<readonly StepRecord[]>(`${path}/steps`),
    // A run of a schedule has no stored event.
    run.event_id === null ? null : api.get<EventRecord>(`/v1/events/${run.event_id}`).catch(() => null),
  ]);
  if (options.json) terminal.print(JSON.stringify({ run, steps, event }));
  else terminal.print(runLines(run, steps, event, terminal.now(), terminal.colors).join("\n"));
  return EXIT.ok;
}

export function runLines(
  run: RunRecord,
  steps: readonly StepRecord[],
  event: EventRecord | null,
  nowMs: number,
  colors: Colors,
): string[] {
  const status = statusOf(run);
  const name = colors.bold(run.function_slug ?? run.function_id);
  const by = run.cron === undefined ? (event?.name ?? run.event_id ?? "") : `cron ${run.cron}`;
  const took = isEnded(run) ? ` in ${tookText(tookMs(run, nowMs))}` : "";
  return [
    `${name}  ${statusText(status, colors)}${took}  ${colors.dim(run.run_id)}`,
    `started ${relativeText(Date.parse(run.queued_at), nowMs)} by ${by}`,
    ...(event === null ? [] : valueLines("data", event.data, "")),
    ...steps.flatMap((step, index) => stepLines(step, index === steps.length - 1, nowMs, colors)),
    ...resultLines(run, status),
  ];
}

function stepLines(step: StepRecord, isLast: boolean, nowMs: number, colors: Colors): string[] {
  const status = statusOf(step);
  const name = step.index === 0 ? step.name : `${step.name} (${step.index + 1})`;
  const title = `${statusMark(status, colors)} ${colors.bold(name)}  ${stepFacts(step, status, nowMs).join(", ")}`;
  const inner = [
    ...step.failed_attempts
      .toSorted((left, right) => left.attempt - right.attempt)
      .flatMap((attempt) => [
        colors.yellow(`attempt ${attempt.attempt + 1} failed after ${tookText(spanMs(attempt))}`),
        ...errorLines(attempt.error, "  ").map((line) => colors.dim(line)),
      ]),
    // A step that failed for good has its last attempt above already.
    ...(step.error !== undefined && step.failed_attempts.length === 0 ? errorLines(step.error, "  ") : []),
    ...(step.output === undefined ? [] : valueLines("→", step.output, "")),
  ];
  const [branch, rail] = isLast ? ["└─", "  "] : ["├─", "│ "];
  return [`${branch} ${title}`, ...inner.map((line) => `${rail}   ${line}`)];
}

function stepFacts(step: StepRecord, status: string, nowMs: number): string[] {
  const facts = [step.kind === "sleep" && status === "completed" ? "slept" : status];
  if (step.ended_at !== null) {
    facts[0] += ` ${step.kind === "sleep" ? "" : "in "}${tookText(spanMs({ ...step, ended_at: step.ended_at }))}`;
  } else facts.push(`since ${relativeText(Date.parse(step.queued_at), nowMs).replace(/ ago$/, "")}`);
  const attempts = step.attempts + (status === "completed" ? 1 : 0);
  if (attempts > 1) facts.push(`${attempts} attempts`);
  return facts;
}

function spanMs(one: { readonly started_at: string | null; readonly queued_at?: string; readonly ended_at: string }) {
  return Math.max(Date.parse(one.ended_at) - Date.parse(one.started_at ?? one.queued_at ?? one.ended_at), 0);
}

function resultLines(run: RunRecord, status: string): string[] {
  if (status === "failed") return ["error", ...errorLines(run.output, "  ")];
  return run.output === undefined ? [] : valueLines("output", run.output, "");
}
