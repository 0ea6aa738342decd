/** State that was too large for the body of a call: fetched from the server. */
import { StepwellError } from "../protocol/coded-error.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import { callApi } from "./api.ts";
import { type CallRequest, eventOf } from "./call-request.ts";
import type { Settings } from "./settings.ts";

/** The call with its events and memos. */
export async function withState(call: CallRequest, settings: Settings): Promise<CallRequest> {
  const path = `/v0/runs/${encodeURIComponent(call.runId)}`;
  const [events, steps] = await Promise.all([
    fetchJson(settings, `${path}/batch`),
    fetchJson(settings, `${path}/actions`),
  ]);
  if (!Array.isArray(events) || events.length === 0 || !isJsonObject(steps)) {
    throw new StepwellError("body_invalid", { reason: "the fetched state has an unknown form" });
  }
  return {
    ...call,
    events: events.map((event, index) => eventOf(event, `events[${index}]`)),
    steps: steps as JsonObject,
  };
}

async function fetchJson(settings: Settings, path: string): Promise<unknown> {
  const reply = await callApi(settings, { method: "GET", path });
  if (reply.status !== 200) {
    throw new StepwellError("server_unreachable", { url: `${settings.apiUrl}${path} (HTTP ${reply.status})` });
  }
  return JSON.parse(reply.body);
}
