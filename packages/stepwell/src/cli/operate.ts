/** Cancels or replays all runs of a filter: counts them, asks, starts the operation, and follows it if wanted. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { type ConfirmOptions, confirmed } from "./confirm.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { followOperation, operationLine } from "./operations.ts";
import type { OperationRecord } from "./records.ts";
import type { Environment } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface FilterOptions {
  /** Names with commas between. */
  readonly status?: string;
  readonly function: readonly string[];
  readonly app?: string;
  readonly from?: number;
  readonly until?: number;
  readonly if?: string;
}

export interface OperateOptions extends ClientOptions, ConfirmOptions, FilterOptions {
  readonly dryRun: boolean;
  readonly follow: boolean;
  /** Runs per second. */
  readonly rate?: number;
}

export function isFiltering({ status, function: fn, app, from, until, if: expression }: FilterOptions): boolean {
  return fn.length > 0 || [status, app, from, until, expression].some((one) => one !== undefined);
}

interface Preview {
  readonly count: number;
  readonly is_more: boolean;
}

const VERBS = {
  cancel: { now: "Cancel", done: "cancelled" },
  replay: { now: "Replay", done: "replayed" },
} as const;

export async function operate(
  kind: "cancel" | "replay",
  command: string,
  options: OperateOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const api = new ApiClient(options, env);
  const { rate } = options;
  const body = { kind, filter: filterOf(options), ...(rate === undefined ? {} : { per_second: rate }) };
  const { data: preview } = await api.post<Preview>("/v1/operations", { ...body, dry_run: true });
  if (options.dryRun || preview.count === 0) {
    if (options.json) terminal.print(JSON.stringify(preview));
    else terminal.print(preview.count === 0 ? "no runs match" : `${runsText(preview)} would be ${VERBS[kind].done}`);
    return EXIT.ok;
  }
  const question = `${VERBS[kind].now} ${runsText(preview)}?`;
  if (!(await confirmed(command, question, options, terminal))) {
    terminal.print("nothing was done");
    return EXIT.ok;
  }
  const { data: operation } = await api.post<OperationRecord>("/v1/operations", body);
  if (options.follow) return followOperation(operation.id, options, terminal, env);
  if (options.json) terminal.print(JSON.stringify(operation));
  else {
    terminal.print(operationLine(operation, terminal.colors));
    terminal.print(terminal.colors.dim(`  how far it is: stepwell operations show ${operation.id}`));
  }
  return EXIT.ok;
}

function filterOf({ status, function: fn, app, from, until, if: expression }: FilterOptions): object {
  return {
    ...(status === undefined ? {} : { status: status.split(",") }),
    ...(fn.length === 0 ? {} : { function: fn }),
    ...(app === undefined ? {} : { app }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(expression === undefined ? {} : { if: expression }),
  };
}

function runsText({ count, is_more: isMore }: Preview): string {
  const number = count.toLocaleString("en-US");
  return `${isMore ? `${number} or more` : number} ${count === 1 && !isMore ? "run" : "runs"}`;
}
