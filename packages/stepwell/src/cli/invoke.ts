/** `stepwell invoke`: starts a function, whatever its triggers are. */
import { StepwellError } from "../protocol/errors.ts";
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { jsonValue } from "./option-values.ts";
import { isEnded, type RunRecord, statusOf, tookMs } from "./records.ts";
import type { Environment } from "./settings.ts";
import { statusText } from "./status-text.ts";
import type { Terminal } from "./terminal.ts";
import { tookText } from "./time-text.ts";
import { errorLines, valueLines } from "./value-lines.ts";

export interface InvokeOptions extends ClientOptions {
  readonly wait?: string;
  readonly id?: string;
}

interface InvokedRecord {
  readonly run_id: string;
  readonly is_new: boolean;
}

const HTTP_OK = 200;

export async function invokeFunction(
  name: string,
  json: string | undefined,
  options: InvokeOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { wait, id } = options;
  const body = {
    data: dataOf(json),
    ...(wait === undefined ? {} : { wait }),
    ...(id === undefined ? {} : { idempotency_key: id }),
  };
  const path = `/v1/functions/${encodeURIComponent(name)}/invoke`;
  const { status, data } = await new ApiClient(options, env).post<RunRecord | InvokedRecord>(path, body);
  if (options.json) terminal.print(JSON.stringify(data));
  else if (status === HTTP_OK) tellEnd(data as RunRecord, terminal);
  else tellStart(data as InvokedRecord, terminal);
  return status === HTTP_OK && statusOf(data as RunRecord) !== "completed" ? EXIT.failed : EXIT.ok;
}

function dataOf(json: string | undefined): object {
  const value = json === undefined ? {} : jsonValue("the data of the function", json);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new StepwellError("option_invalid", { where: "the data of the function", reason: "not a JSON object" });
}

function tellStart({ run_id: runId, is_new: isNew }: InvokedRecord, terminal: Terminal): void {
  const { dim, green } = terminal.colors;
  terminal.print(`${green("✓")} ${isNew ? "started" : "there is a run for this id"}  ${runId}`);
  terminal.print(dim(`  how far it is: stepwell runs show ${runId}`));
}

function tellEnd(run: RunRecord, terminal: Terminal): void {
  const status = statusOf(run);
  const took = isEnded(run) ? ` in ${tookText(tookMs(run, terminal.now()))}` : "";
  terminal.print(`${statusText(status, terminal.colors)}${took}  ${terminal.colors.dim(run.run_id)}`);
  const lines = status === "failed" ? errorLines(run.output, "  ") : valueLines("output", run.output ?? null, "");
  terminal.print(lines.join("\n"));
}
