/** `stepwell explain`: why a run stands still, why an event started nothing, what of a function waits and for what. */
import { isStepwellError, StepwellError } from "../protocol/errors.ts";
import { isUlid } from "../protocol/ids.ts";
import { ApiClient, type ClientOptions, pathWith } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { statusOf } from "./records.ts";
import { safeText } from "./safe-text.ts";
import type { Environment } from "./settings.ts";
import { statusText } from "./status-text.ts";
import { table } from "./table.ts";
import type { Colors, Terminal } from "./terminal.ts";

interface GateRecord {
  readonly rule: string;
  readonly limit: number | null;
  readonly holders: readonly { readonly run_id: string; readonly since: string }[];
  readonly holder_count: number;
  readonly waiting_lanes: number;
}

interface ReasonRecord {
  readonly code: string;
  readonly sentence: string;
  readonly step?: { readonly name: string };
  readonly gate?: GateRecord;
  readonly child?: RunExplanation;
}

interface RunExplanation {
  readonly run_id: string;
  readonly function_id: string;
  readonly function_slug: string | null;
  readonly status: string;
  readonly reasons: readonly ReasonRecord[];
  readonly must_start_by?: string;
  readonly must_end_by?: string;
}

interface EventExplanation {
  readonly event_id: string;
  readonly name: string;
  readonly summary: string;
  readonly outcomes: readonly { readonly code: string; readonly sentence: string }[];
}

interface FunctionQueue {
  readonly function_slug: string;
  readonly summary: string;
  readonly gathering?: readonly {
    readonly run_id: string;
    readonly rule: string;
    readonly event_count: number;
    readonly starts_at: string;
  }[];
  readonly lane_count: number;
  readonly lanes: readonly {
    readonly key: string;
    readonly phase: string;
    readonly jobs: number;
    readonly next_run_id: string;
    readonly gate?: GateRecord;
  }[];
  readonly gates: readonly GateRecord[];
}

/** What is explained: a run, an event, a function. Ids of runs and events look alike, so the server is asked. */
export async function explain(
  ref: string,
  options: ClientOptions & { readonly key?: string },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  const id = encodeURIComponent(ref);
  const tell = <T>(record: T, lines: (record: T, terminal: Terminal) => string[]): ExitCode => {
    terminal.print(options.json ? JSON.stringify(record) : lines(record, terminal).join("\n"));
    return EXIT.ok;
  };
  if (!isUlid(ref))
    return tell(
      await api.get<FunctionQueue>(pathWith(`/v1/functions/${id}/queue`, { key: options.key })),
      functionLines,
    );
  const run = await api.get<RunExplanation>(`/v1/runs/${id}/explain`).catch(nullWhenNotFound);
  if (run !== null) return tell(run, (record) => runLines(record, terminal.colors, ""));
  const event = await api.get<EventExplanation>(`/v1/events/${id}/explain`).catch(nullWhenNotFound);
  if (event === null) throw new StepwellError("not_found", { what: `Run or event ${ref}` });
  return tell(event, eventLines);
}

function nullWhenNotFound(error: unknown): null {
  if (isStepwellError(error) && error.code === "not_found") return null;
  throw error;
}

function runLines(run: RunExplanation, colors: Colors, indent: string): string[] {
  const name = colors.bold(run.function_slug ?? run.function_id);
  return [
    `${indent}${name}  ${statusText(statusOf(run), colors)}  ${colors.dim(run.run_id)}`,
    ...run.reasons.flatMap((reason) => reasonLines(reason, colors, indent)),
    ...(run.must_start_by === undefined ? [] : [`${indent}  ${colors.dim(`must start by ${run.must_start_by}`)}`]),
    ...(run.must_end_by === undefined ? [] : [`${indent}  ${colors.dim(`must end by ${run.must_end_by}`)}`]),
  ];
}

/** Holders that the sentence names already. */
const NAMED = 3;

function reasonLines({ code, sentence, gate, child }: ReasonRecord, colors: Colors, indent: string): string[] {
  const others = gate?.holders.slice(NAMED) ?? [];
  return [
    `${indent}• ${sentence}  ${colors.dim(code)}`,
    ...others.map(({ run_id: runId, since }) => `${indent}    ${colors.dim(`held by ${runId} since ${since}`)}`),
    ...(child === undefined ? [] : runLines(child, colors, `${indent}    `)),
  ];
}

function eventLines(event: EventExplanation, { colors }: Terminal): string[] {
  const title = `${colors.bold(safeText(event.name))}  ${colors.dim(event.event_id)}`;
  const outcomes = event.outcomes.map(({ code, sentence }) => `• ${sentence}  ${colors.dim(code)}`);
  return [title, event.summary, ...outcomes];
}

function functionLines(fn: FunctionQueue, { colors, columns }: Terminal): string[] {
  const lines = [colors.bold(fn.function_slug), fn.summary];
  if (fn.lanes.length > 0) {
    const rows = fn.lanes.map(({ key, phase, jobs, next_run_id: next, gate }) => {
      return [key === "" ? "(no key)" : key, phase, jobs.toLocaleString("en-US"), next, gate?.rule ?? "its turn"];
    });
    const titles = [
      { title: "LANE", isFlexible: true },
      { title: "PHASE" },
      { title: "JOBS" },
      { title: "NEXT RUN" },
      { title: "WAITS FOR", isFlexible: true },
    ];
    lines.push("", table(titles, rows, columns, colors));
    const rest = fn.lane_count - fn.lanes.length;
    if (rest > 0) lines.push(colors.dim(`and ${rest.toLocaleString("en-US")} more lanes`));
  }
  for (const { run_id: runId, rule, event_count: count, starts_at: startsAt } of fn.gathering ?? []) {
    lines.push(`• ${rule} gathers events, ${count} so far, until ${startsAt}  ${colors.dim(runId)}`);
  }
  if (fn.gates.length > 0) {
    const rows = fn.gates.map(({ rule, limit, holder_count: held, waiting_lanes: waiting, holders }) => {
      return [rule, `${held} of ${limit ?? "?"}`, String(waiting), holders[0]?.run_id ?? ""];
    });
    const titles = [
      { title: "LIMIT", isFlexible: true },
      { title: "HELD" },
      { title: "LANES WAITING" },
      { title: "HELD FIRST BY" },
    ];
    lines.push("", table(titles, rows, columns, colors));
  }
  return lines;
}
