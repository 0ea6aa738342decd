/** `stepwell runs cancel`, `rerun`, `resume` and `replay`: what can be done to runs. */
import { StepwellError } from "../protocol/errors.ts";
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { followRuns } from "./follow.ts";
import { isFiltering, type OperateOptions, operate } from "./operate.ts";
import { jsonValue } from "./option-values.ts";
import { reportError } from "./report-error.ts";
import type { Environment } from "./settings.ts";
import { statusText } from "./status-text.ts";
import type { Terminal } from "./terminal.ts";

/** Runs by their ids, or all of a filter. */
export async function cancelRuns(
  ids: readonly string[],
  options: OperateOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const where = "stepwell runs cancel";
  if (ids.length === 0 && !isFiltering(options)) {
    throw new StepwellError("option_invalid", { where, reason: "name the runs, or a filter such as --function" });
  }
  if (ids.length === 0) return operate("cancel", where, options, terminal, env);
  if (isFiltering(options)) {
    throw new StepwellError("option_invalid", { where, reason: "name runs or a filter, not both" });
  }
  const api = new ApiClient(options, env);
  let code: ExitCode = EXIT.ok;
  for (const id of ids) {
    try {
      await api.delete(runPath(id));
      if (options.json) terminal.print(JSON.stringify({ run_id: id, status: "Cancelled" }));
      else terminal.print(`${statusText("cancelled", terminal.colors)} ${id}`);
    } catch (error) {
      code = reportError(error, terminal, options.json); // The others are cancelled all the same.
    }
  }
  return code;
}

export async function replayRuns(options: OperateOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const where = "stepwell runs replay";
  if (!isFiltering(options)) {
    throw new StepwellError("option_invalid", { where, reason: "say which runs, for example with --status failed" });
  }
  return operate("replay", where, options, terminal, env);
}

export interface RerunOptions extends ClientOptions {
  readonly fromStep?: string;
  readonly input?: string;
  readonly follow: boolean;
}

export async function rerunRun(
  id: string,
  options: RerunOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { fromStep, follow } = options;
  const input = inputOf(options);
  const body = fromStep === undefined ? {} : { from_step: { step_id: fromStep, ...(input === null ? {} : { input }) } };
  const { data } = await new ApiClient(options, env).post<{ run_id: string }>(`${runPath(id)}/rerun`, body);
  if (options.json) terminal.print(JSON.stringify(data));
  else
    terminal.print(`${statusText("queued", terminal.colors)} ${data.run_id}  ${terminal.colors.dim(`repeats ${id}`)}`);
  return follow ? followRuns(data.run_id, options, terminal, env) : EXIT.ok;
}

function inputOf({ fromStep, input }: RerunOptions): readonly unknown[] | null {
  if (input === undefined) return null;
  const where = "stepwell runs rerun";
  if (fromStep === undefined) {
    throw new StepwellError("option_invalid", { where, reason: "--input is for the step of --from-step" });
  }
  const value = jsonValue("--input", input);
  if (!Array.isArray(value)) {
    throw new StepwellError("option_invalid", { where, reason: '--input is a list of arguments, such as [{"a":1}]' });
  }
  return value;
}

export async function resumeRun(
  id: string,
  options: ClientOptions & { readonly follow: boolean },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { data } = await new ApiClient(options, env).post<{ run_id: string }>(`${runPath(id)}/resume`, {});
  if (options.json) terminal.print(JSON.stringify(data));
  else terminal.print(`${statusText("running", terminal.colors)} ${data.run_id}`);
  return options.follow ? followRuns(id, options, terminal, env) : EXIT.ok;
}

const runPath = (id: string) => `/v1/runs/${encodeURIComponent(id)}`;
