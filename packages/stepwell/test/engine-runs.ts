/** What tests of an engine say often: runs that have begun, what their calls report, events with data, what is stored. */
import type { EventReceipt } from "../src/core/command.ts";
import type { Run } from "../src/core/run/run.ts";
import type { IncomingEvent } from "../src/protocol/event.ts";
import { encodeUlidTime } from "../src/protocol/ids.ts";
import type { JsonObject } from "../src/protocol/json.ts";
import type { Op } from "../src/protocol/op.ts";
import type { RunRow } from "../src/store/store.ts";
import { EngineRig } from "./engine-rig.ts";
import { asking } from "./run-rig.ts";

export const HOUR = 3_600_000;

/** A run of the rig's function that has begun; its call is the last one. */
export async function begun(rig: EngineRig, data: JsonObject = {}): Promise<string> {
  const [receipt] = await receive(rig, eventOf(rig, "a", data));
  return receipt!.runIds[0]!;
}

/** The last call is answered with these operations. */
export async function report(rig: EngineRig, ...ops: Op[]): Promise<void> {
  rig.calls.at(-1)!.answer({ kind: "ops", ops });
  await rig.settle();
}

/** The last call is answered with the end of its run. */
export async function complete(rig: EngineRig, output = "1"): Promise<void> {
  rig.calls.at(-1)!.answer({ kind: "returned", output });
  await rig.settle();
}

export async function fail(rig: EngineRig, message = "boom"): Promise<void> {
  rig.calls.at(-1)!.answer({ kind: "failed", noRetry: true, error: { name: "Error", message } });
  await rig.settle();
}

export function waiting(opts: Op["opts"] = {}, id = "w"): Op {
  return asking("WaitForEvent", { id, displayName: id, name: "reply", opts: { timeout: "1h", ...opts } });
}

export function invoking(opts: Op["opts"] = {}, id = "i"): Op {
  return asking("InvokeFunction", { id, displayName: id, opts: { function_id: "app-f", ...opts } });
}

export function failedStep(id: string, message = "boom"): Op {
  return asking("StepFailed", { id, displayName: id, error: { name: "Error", message } });
}

let events = 0;

export function eventOf(rig: EngineRig, name: string, data: JsonObject = {}, more: Partial<IncomingEvent> = {}) {
  const id = `${encodeUlidTime(rig.now)}${String(++events).padStart(16, "0")}`;
  const parsed = { data, id, name, ts: rig.now, user: {} };
  const base = { id, name, ts: rig.now, receivedAt: rig.now, idempotencyId: null, isInternal: false };
  const event: IncomingEvent = { stored: { ...base, json: JSON.stringify(parsed) }, parsed, mayExist: false };
  return { ...event, ...more };
}

export async function receive(rig: EngineRig, ...incoming: IncomingEvent[]): Promise<EventReceipt[]> {
  const received = rig.engine.receive(incoming);
  received.catch(() => {}); // Tests that care await it.
  await rig.settle();
  return received;
}

export async function loaded(rig: EngineRig, runId: string): Promise<Run> {
  const [run] = await rig.store.loadRuns([runId]);
  return run!;
}

export async function memoOf(rig: EngineRig, runId: string, id = "w"): Promise<string | null | undefined> {
  return (await loaded(rig, runId)).steps.get(id)?.memo;
}

export async function rowOf(rig: EngineRig, runId: string): Promise<RunRow> {
  return (await rig.store.getRun("default", runId))!;
}

/** The code of the error that ended a run. */
export async function codeOf(rig: EngineRig, runId: string): Promise<string | null> {
  const { error } = await rowOf(rig, runId);
  return error === null ? null : ((JSON.parse(error) as { code?: string }).code ?? "");
}

/** Jobs, waits and messages that are stored: what an ended run must not leave. */
export async function leftovers(rig: EngineRig): Promise<number> {
  const { jobs, waits, messages } = rig.store.snapshot();
  return jobs.size + waits.size + messages.size;
}

/** Another process on the same store. */
export async function restarted(rig: EngineRig): Promise<EngineRig> {
  const next = new EngineRig({ store: rig.store });
  Object.assign(next, { store: rig.store, now: rig.now });
  await next.engine.start();
  await next.settle();
  return next;
}
