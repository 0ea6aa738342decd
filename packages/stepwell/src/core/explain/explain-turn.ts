/** Why a job that is due is not called yet: the limit where its lane waits, and how many go before it. */

import type { FunctionConfig } from "../../protocol/function.ts";
import { throttleGate } from "../flow/admission.ts";
import { laneKey } from "../flow/rules.ts";
import { allowedAt } from "../flow/throttle.ts";
import type { Instant } from "../instant.ts";
import { type Job, MAIN_SLOT, type Run } from "../run/run.ts";
import { hintOf, isOlder } from "../schedule/hint.ts";
import type { Lane } from "../schedule/ready-queue.ts";
import type { GateFacts, HolderFacts, LanePlace, Reason } from "./explanation.ts";
import { gateFacts, lanesAt } from "./gates.ts";
import type { Explaining, ExplainView } from "./view.ts";
import { appDownText, countText, listText, sinceText, untilText } from "./words.ts";

export function explainTurn(explaining: Explaining, run: Run, job: Job, name: string): Reason {
  const { view, now } = explaining;
  const fn = view.apps.functionOf(run.functionId);
  const isStart = run.status === "queued";
  const what = isStart ? "Its start" : `The call of ${name}`;
  const base = { since: job.dueAt, ...(job.attempt > 0 ? { attempt: job.attempt + 1 } : {}) };
  const lane = view.ready.lane({ functionId: run.functionId, isStart, key: laneKey(run.flow) });
  if (fn === undefined || lane === null) return { ...absentReason(view, run, what, 0), ...base };
  const jobsBefore = positionOf(lane, run, job);
  if (jobsBefore === null) return { ...absentReason(view, run, what, lane.heap.size), ...base };
  if (lane.blocked === null) return { ...queuedReason(view, what, jobsBefore), ...base };
  const gate = gateFacts(view, fn, run.flow, lane.blocked.gate);
  const place = placeAt(view, fn, lane, lane.blocked.gate, jobsBefore, now);
  return { ...blockedReason(explaining, fn, what, gate, place), ...base, gate, lane: place };
}

/** How many jobs of the lane go before this one; null when it is not in the lane. */
function positionOf(lane: Lane, run: Run, job: Job): number | null {
  const { id: runId, functionId, createdAt, flow } = run;
  const { slot, dueAt, kind } = job;
  const own = hintOf({ runId, slot, dueAt, kind, functionId, createdAt, isQueued: run.status === "queued", flow });
  let before = 0;
  let isThere = false;
  for (const hint of lane.heap) {
    if (hint.runId === runId && hint.slot === slot) isThere = true;
    else if (isOlder(hint, own)) before++;
  }
  return isThere ? before : null;
}

function absentReason(view: ExplainView, run: Run, what: string, laneSize: number): Reason {
  if (view.isLoading(run.id)) return { code: "due", sentence: `${what} is about to be made: the run is being loaded.` };
  if (laneSize === 0 && view.hasLeftLanes(run.functionId)) {
    const sentence = `${what} waits in the store: the function has more keys with work than memory holds. It is tried as soon as there may be a place for its key.`;
    return { code: "backlog", sentence, lane: { jobsBefore: 0, lanesBefore: 0 } };
  }
  if (laneSize === 0) return { code: "due", sentence: `${what} is due and about to be made.` };
  const sentence = `${what} waits in the backlog, which is left to the store, behind at least ${countText(laneSize, "job")} of its lane.`;
  return { code: "backlog", sentence, lane: { jobsBefore: laneSize, lanesBefore: 0 } };
}

function queuedReason(view: ExplainView, what: string, jobsBefore: number): Reason {
  const lane = { jobsBefore, lanesBefore: 0 };
  const { callsMax } = view.options;
  if (view.calls >= callsMax) {
    const sentence = `${what} waits for a free call: the server makes ${callsMax.toLocaleString("en-US")} at once, and all are out.`;
    return { code: "server_busy", sentence, lane };
  }
  const sentence =
    jobsBefore === 0
      ? `${what} is due and about to be made.`
      : `${what} is queued behind ${countText(jobsBefore, "job")} of its lane.`;
  return { code: jobsBefore === 0 ? "due" : "queued", sentence, lane };
}

function blockedReason(
  { view, now }: Explaining,
  fn: FunctionConfig,
  what: string,
  gate: GateFacts,
  place: LanePlace,
): Reason {
  const queue = queueText(place);
  switch (gate.kind) {
    case "concurrency":
    case "run_concurrency": {
      const holders = gate.holders.map((holder) => holderText(holder, now));
      const who = gate.holderCount === 0 ? "" : `: ${listText(holders, gate.holderCount)}`;
      const taken = `${gate.holderCount} of ${gate.limit} places are taken${who}`;
      return { code: gate.kind, sentence: `${what} waits for a place at ${gate.rule}; ${taken}${queue}.` };
    }
    case "throttle": {
      const until = place.expectedAt;
      const when = until === undefined ? "" : `, expected at ${untilText(until, now)}`;
      const sentence = `${what} waits for its turn at ${gate.rule}${when}${queue}.`;
      return { code: "throttled", sentence, ...(until === undefined ? {} : { until }) };
    }
    case "app":
      return appReason(view, fn, what, queue, now);
    case "pause":
      return { code: "held", sentence: `${what} is held by ${gate.rule}${queue}.` };
    default:
      return { code: "queued", sentence: `${what} waits at ${gate.rule}${queue}.` };
  }
}

function appReason(
  { admission, options }: ExplainView,
  fn: FunctionConfig,
  what: string,
  queue: string,
  now: Instant,
): Reason {
  const down = admission.appDown(fn.appId);
  if (down === null) {
    const sentence = `${what} waits for a free call to the app ${fn.appId}: ${admission.callsOf(fn.appId)} of ${options.callsPerAppMax} are out${queue}.`;
    return { code: "app_busy", sentence };
  }
  const sentence = `${what} waits because ${appDownText(fn.appId, down, now)}${queue}.`;
  return { code: "app_unreachable", sentence, until: down.probeAt };
}

function queueText({ jobsBefore, lanesBefore }: LanePlace): string {
  const parts = [
    ...(jobsBefore === 0 ? [] : [`${countText(jobsBefore, "job")} of its lane`]),
    ...(lanesBefore === 0 ? [] : [countText(lanesBefore, "other lane")]),
  ];
  return parts.length === 0 ? "" : `, behind ${parts.join(" and ")}`;
}

function holderText({ runId, slot, since }: HolderFacts, now: Instant): string {
  const what = slot === undefined || slot === MAIN_SLOT ? "" : ` (step ${slot.slice(0, 8)})`;
  return `run ${runId}${what} since ${sinceText(since, now)}`;
}

/** Where the lane stands at its gate; of a throttle also when the job's turn comes. */
function placeAt(
  view: ExplainView,
  fn: FunctionConfig,
  lane: Lane,
  gate: string,
  jobsBefore: number,
  now: Instant,
): LanePlace {
  let lanesBefore = 0;
  let startsBefore = jobsBefore;
  let isBefore = true;
  for (const other of lanesAt(view, gate)) {
    if (other === lane) isBefore = false;
    else {
      if (isBefore) lanesBefore++;
      // Lanes take turns: of each, as many go first as of this one, and one more of those that stand before it.
      startsBefore += Math.min(other.heap.size, jobsBefore + (isBefore ? 1 : 0));
    }
  }
  const place = { jobsBefore, lanesBefore };
  const { throttle } = fn.flow;
  if (throttle === null || gate !== throttleGate(fn, lane.flow)) return place;
  const firstAt = Math.max(now, allowedAt(throttle, view.admission.throttleFullAt(gate), now));
  return { ...place, expectedAt: Math.ceil(firstAt + startsBefore * (throttle.periodMs / throttle.limit)) };
}
