/**
 * Sending signals over HTTP.
 *
 *   SG1. A signal is sent once: a lost answer is an error, because a second try might wake another run.
 *   SG2. That nobody waits is no error; the answer names no run then.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { isJsonObject } from "../protocol/json.ts";
import { callApi } from "./api.ts";
import { durationText } from "./duration-input.ts";
import type { Settings } from "./settings.ts";
import { readSignal, type SignalInput } from "./signal.ts";

export async function signalOverHttp(settings: Settings, input: SignalInput): Promise<{ runId: string | null }> {
  const { signal, data } = readSignal(input, "sendSignal");
  const ttl = input.ttl === undefined ? "" : `,"ttl":${JSON.stringify(durationText(input.ttl, "sendSignal: ttl"))}`;
  const body = `{"signal":${JSON.stringify(signal)},"data":${data}${ttl}}`;
  const reply = await callApi(settings, { method: "POST", path: "/v1/signals", body }).catch((cause: unknown) => {
    throw new StepwellError("signal_failed", { signal, reason: `no answer from ${settings.apiUrl}` }, { cause });
  });
  if (reply.status === 404) return { runId: null }; // SG2
  const answer = parse(reply.body);
  if (reply.status < 200 || reply.status >= 300) {
    const reason = typeof answer["error"] === "string" ? answer["error"] : `HTTP ${reply.status}`;
    throw new StepwellError("signal_failed", { signal, reason });
  }
  const fields = isJsonObject(answer["data"]) ? answer["data"] : {};
  return { runId: typeof fields["run_id"] === "string" && fields["run_id"] !== "" ? fields["run_id"] : null };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {}; // The status has to do.
  }
}
