/** `stepwell signal`: a word to the one run that waits for it. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { jsonValue } from "./option-values.ts";
import type { Environment } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface SignalOptions extends ClientOptions {
  readonly ttl?: string;
}

export async function sendSignal(
  signal: string,
  json: string | undefined,
  options: SignalOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { ttl } = options;
  const data = json === undefined ? null : jsonValue("the data of the signal", json);
  const body = { signal, data, ...(ttl === undefined ? {} : { ttl }) };
  const answer = await new ApiClient(options, env).post<{ readonly run_id: string | null }>("/v1/signals", body);
  const { green, bold, dim } = terminal.colors;
  const runId = answer.data.run_id;
  if (options.json) terminal.print(JSON.stringify(answer.data));
  else if (runId !== null) terminal.print(`${green("✓")} ${bold(signal)} resumed ${dim(runId)}`);
  else terminal.print(`${green("✓")} ${bold(signal)} is kept for the first run that waits for it, for ${ttl}`);
  return EXIT.ok;
}
