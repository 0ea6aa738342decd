/**
 * Runs that somebody asks for by name: invoked from outside, run again, resumed.
 *
 *   ST1. What cannot start is refused with a code, and nothing of it is stored.
 *   ST2. An idempotency key, or the operation of a replay, starts a run once while it is remembered.
 */
import type { IncomingEvent, StoredEvent } from "../protocol/event.ts";
import type { JsonText } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { InvokeFunction, RerunRun, ResumeRun, StartAnswer } from "./command.ts";
import type { Facts } from "./facts.ts";
import { takeBack } from "./flow/returning.ts";
import { type StartResult, start } from "./intake.ts";
import { type LinksHome, receivedAt } from "./links.ts";
import { replayKey } from "./needs.ts";
import { copySteps, findStep, inputProblem } from "./run/rerun.ts";
import { resumeFailed } from "./run/resume.ts";
import type { Run, Step } from "./run/run.ts";
import { eventOfRun, invokedEvent } from "./trigger-event.ts";

type Refused = StartAnswer & { readonly kind: "refused" };

export function invokeFunction(home: LinksHome, command: InvokeFunction, facts: Facts): StartAnswer {
  const { functionId, event, idempotencyKey } = command;
  const fn = home.apps.find(functionId);
  if (fn === undefined) return { kind: "refused", code: "function_not_found", details: { function: functionId } };
  const invoked = sentWith(event.stored, invokedEvent(event.stored.id, fn, event.parsed, {}, home.now()));
  const order = { fn, event: invoked, cause: "invoke", onceFor: idempotencyKey } as const;
  return answer(home, invoked, start(home.starter, order, facts));
}

export function rerun(home: LinksHome, { runId, fromStep, operationId }: RerunRun, facts: Facts): StartAnswer {
  const from = home.open(runId);
  if (from === undefined) return notFound(runId);
  const replay = operationId === null ? null : replayKey(operationId, runId);
  const earlier = replay === null ? null : facts.flow(replay);
  if (earlier !== null) return { kind: "existing", runId: earlier };
  const found = fromStep === null ? null : findStep(from, fromStep.stepId);
  if (found?.code !== undefined) return { kind: "refused", code: found.code, details: found.details };
  const refused =
    refuseUnserved(home, from.functionId) ?? refuseInput(home, from, found?.step, fromStep?.input ?? null);
  if (refused !== null) return refused;
  const fn = home.apps.functionOf(from.functionId)!;
  const { events, cron } = from;
  const order = { fn, event: eventOfRun(from), cause: "rerun", cron, originalRunId: runId, events } as const;
  const result = start(home.starter, order, facts);
  if (result.kind === "existing") return result;
  if (result.kind === "refused") return { kind: "refused", code: result.code, details: result.details };
  const { run } = result;
  if (found !== null) copySteps(home.context, from, run, found.step, fromStep!.input);
  if (replay !== null) {
    facts.noteFlow(replay, run.id);
    home.batch().flow.push({ ...replay, value: run.id, expiresAt: home.now() + LIMITS.replayFactMs });
  }
  return { kind: "started", runId: run.id, eventId: events[0]?.id ?? null };
}

/** Where it came from stays known, whatever the run sees of it. */
function sentWith({ traceparent }: StoredEvent, event: IncomingEvent): IncomingEvent {
  return traceparent === undefined ? event : { ...event, stored: { ...event.stored, traceparent } };
}

function answer(home: LinksHome, { stored }: IncomingEvent, result: StartResult): StartAnswer {
  if (result.kind === "existing") return result;
  if (result.kind === "refused") return { kind: "refused", code: result.code, details: result.details };
  home.batch().events.push(receivedAt(stored, home.context.stamp));
  return { kind: "started", runId: result.run.id, eventId: stored.id };
}

export function resumeRun(home: LinksHome, { runId }: ResumeRun, facts: Facts): StartAnswer {
  const run = home.open(runId);
  if (run === undefined) return notFound(runId);
  if (run.status !== "failed") {
    return { kind: "refused", code: "run_not_failed", details: { run: runId, status: run.status } };
  }
  const refused = refuseUnserved(home, run.functionId);
  if (refused !== null) return refused;
  const other = takeBack(home.starter, run, home.apps.functionOf(run.functionId)!, facts);
  if (other !== null) return { kind: "refused", code: "run_place_taken", details: { run: runId, other } };
  resumeFailed(home.context, run);
  return { kind: "started", runId, eventId: run.events[0]?.id ?? null };
}

const notFound = (runId: string): Refused => ({
  kind: "refused",
  code: "not_found",
  details: { what: `Run ${runId}` },
});

function refuseInput({ apps }: LinksHome, run: Run, step: Step | undefined, input: JsonText | null): Refused | null {
  if (step === undefined || input === null) return null;
  const app = apps.list().find(({ id }) => id === apps.appIdOf(run.functionId));
  const reason = app === undefined ? null : inputProblem(step, app);
  return reason === null ? null : { kind: "refused", code: "body_invalid", details: { reason } };
}

function refuseUnserved({ apps }: LinksHome, functionId: string): Refused | null {
  if (apps.functionOf(functionId) !== undefined) return null;
  const name = apps.anyFunction(functionId)?.fn.slug ?? functionId;
  return { kind: "refused", code: "function_not_found", details: { function: name } };
}
