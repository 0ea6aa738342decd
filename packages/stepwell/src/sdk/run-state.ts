/** State that was too large for the body of a call: fetched from the server. */
import { StepwellError } from "../protocol/coded-error.ts";
import { isJsonObject } from "../protocol/json.ts";
import { callApi } from "./api.ts";
import { type CallRequest, eventsOf } from "./call-request.ts";
import { memosOf } from "./memo.ts";
import type { Settings } from "./settings.ts";

/** Gives a call its events and memos. */
export async function fetchState(call: CallRequest, settings: Settings): Promise<void> {
  const path = `/v0/runs/${encodeURIComponent(call.runId)}`;
  const [events, steps] = await Promise.all([
    fetchJson(settings, `${path}/batch`),
    fetchJson(settings, `${path}/actions`),
  ]);
  if (!Array.isArray(events) || events.length === 0 || !isJsonObject(steps)) {
    throw new StepwellError("body_invalid", { reason: "the fetched state has an unknown form" });
  }
  call.events = eventsOf(events);
  call.memos = memosOf(steps);
}

async function fetchJson(settings: Settings, path: string): Promise<unknown> {
  const reply = await callApi(settings, { method: "GET", path });
  if (reply.status !== 200) {
    throw new StepwellError("server_unreachable", { url: `${settings.apiUrl}${path} (HTTP ${reply.status})` });
  }
  return JSON.parse(reply.body);
}
