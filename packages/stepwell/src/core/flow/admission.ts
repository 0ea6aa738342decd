/**
 * Admission: may this job begin now, and if not, what does it wait for?
 *
 *   AD1. A job passes everything at once or takes nothing: pause, throttle, the places of its run, the places of its call,
 *        its app.
 *   AD2. What it took is given back when the call has ended, or when the job turned out to be gone; the places of a run when
 *        the run has ended.
 *   AD3. What a blocked lane waits for wakes it: a freed place, a point in time, a resume. Nobody looks again in between.
 */
import type { RunFlow, ThrottleRule } from "../../protocol/flow.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import type { Instant } from "../instant.ts";
import { Heap } from "../schedule/heap.ts";
import type { JobHint } from "../schedule/hint.ts";
import type { Lane } from "../schedule/ready-queue.ts";
import { AppContacts, type AppDown, type Contact } from "./app-contact.ts";
import { type Blocked, type GateSpec, Gates } from "./gates.ts";
import { callGates, callHolder, guarantees, runGates, runHolder } from "./rules.ts";
import { afterChange, afterRefund, afterStart, allowedAt } from "./throttle.ts";

/** What admission needs to know of functions and their apps. */
export interface AdmissionView {
  functionOf(functionId: string): FunctionConfig | undefined;
  appIdOf(functionId: string): string;
  isPaused(functionId: string): boolean;
  /** Calls that one app may have out. */
  appLimit(appId: string): number;
}

export interface ThrottleState {
  readonly functionId: string;
  readonly key: string;
  readonly fullAt: Instant;
}

/** A bucket, and the rule by which it was filled. */
interface Bucket extends ThrottleState {
  readonly rule: ThrottleRule | null;
}

interface Alarm {
  readonly at: Instant;
  readonly gate: string;
  /** The app about which it is, if it is about one. */
  readonly appId?: string;
}

/** The calls that an app has out, and the name of its gate: every call asks for it. */
interface AppCalls {
  readonly gate: string;
  count: number;
}

/** Throttle states in memory before the old ones are looked for. */
const SWEEP_MIN = 1_000;

export class Admission {
  readonly gates = new Gates();
  readonly #view: AdmissionView;
  /** When a throttle's bucket is full again, by gate; buckets that are full are not here. */
  readonly #fullAt = new Map<string, Bucket>();
  readonly #alarms = new Heap<Alarm>((left, right) => left.at < right.at);
  /** The earliest alarm of each gate; others of the same gate are of no use any more. */
  readonly #alarmAt = new Map<string, Instant>();
  readonly #callsOfApp = new Map<string, AppCalls>();
  readonly #contacts = new AppContacts();
  readonly #changed = new Map<string, ThrottleState>();
  #sweepAt = SWEEP_MIN;
  #now: Instant = 0;

  constructor(view: AdmissionView) {
    this.#view = view;
  }

  /** Null: everything is taken, the call may be made. Otherwise where the job's lane waits. */
  enter(hint: JobHint, lane: Lane, now: Instant): Blocked | null {
    const fn = this.#view.functionOf(hint.functionId);
    if (fn === undefined) {
      this.#countCall(this.#view.appIdOf(hint.functionId)); // Its run ends for that when it is dispatched.
      return null;
    }
    if (this.#view.isPaused(fn.id)) return blockedAt(pauseGate(fn.id));
    const throttle = hint.isStart ? this.#throttled(fn, hint.flow, lane, now) : null;
    if (throttle !== null) return blockedAt(throttle);
    const calls = this.#callsOfApp.get(fn.appId);
    const appGate = calls?.gate ?? appGateOf(fn.appId);
    if ((calls?.count ?? 0) >= this.#view.appLimit(fn.appId)) return blockedAt(appGate);
    if (!hint.isRequest && this.#isAppClosed(fn.appId, appGate, lane, now)) return blockedAt(appGate);
    const specs = this.#specsOf(fn, hint);
    const spec = specs.length === 0 ? null : this.gates.enter(specs, now, lane);
    if (spec !== null) {
      return { gate: spec.name, limit: spec.limit, guarantees: guarantees(fn, hint.flow, spec.name) };
    }
    if (hint.isStart) this.#takeToken(fn, hint.flow, now);
    if (hint.isStart && fn.flow.throttle !== null) this.gates.passed(throttleGate(fn, hint.flow), lane.party);
    if (!hint.isRequest) this.gates.passed(appGate, lane.party);
    this.#countCall(fn.appId);
    if (!hint.isRequest) this.#callBegins(fn.appId, hint, now);
    return null;
  }

  /** The gates of a job, narrow to wide within each kind. */
  #specsOf(fn: FunctionConfig, { runId, slot, isStart, flow }: JobHint): GateSpec[] {
    const calls = fn.flow.concurrency.length === 0 ? [] : callGates(fn, flow, this.#newHolder(runId, slot));
    return isStart ? [...runGates(fn, flow, runId), ...calls] : calls;
  }

  /** An earlier call of the same slot may still be out, for a job that is gone: this one needs places of its own. */
  #newHolder(runId: string, slot: string): string {
    const first = callHolder(runId, slot);
    let holder = first;
    for (let number = 2; this.gates.holds(holder); number++) holder = `${first} ${number}`;
    return holder;
  }

  #countCall(appId: string): void {
    const calls = this.#callsOfApp.get(appId);
    if (calls === undefined) this.#callsOfApp.set(appId, { gate: appGateOf(appId), count: 1 });
    else calls.count++;
  }

  /** A call has ended: its places are free. */
  callEnded(functionId: string, runId: string, slot: string): void {
    if (this.gates.hasHolders) this.#leaveCall(callHolder(runId, slot));
    const appId = this.#view.appIdOf(functionId);
    const calls = this.#callsOfApp.get(appId);
    if (calls !== undefined && --calls.count === 0) this.#callsOfApp.delete(appId);
    if (this.#contacts.find(appId) !== null) this.#contacts.ended(appId, callHolder(runId, slot), this.#now);
    this.gates.open(calls?.gate ?? appGateOf(appId));
  }

  /** Of several calls of a slot it does not matter whose places go: there are as many places as calls. */
  #leaveCall(first: string): void {
    let last = first;
    for (let number = 2; this.gates.holds(`${first} ${number}`); number++) last = `${first} ${number}`;
    this.gates.leave(last);
  }

  /** What was admitted did not begin: the job was gone. `hasBegun`: its run has, by an earlier hint of the same start. */
  undone(hint: JobHint, hasBegun: boolean): void {
    this.callEnded(hint.functionId, hint.runId, hint.slot);
    if (!hint.isStart) return;
    if (!hasBegun) this.runEnded(hint.runId);
    this.#refund(hint);
  }

  runEnded(runId: string): void {
    this.gates.leave(runHolder(runId));
  }

  /** A run that began in an earlier life of the process has its places again. */
  holdAgain(fn: FunctionConfig, runId: string, flow: RunFlow | null, startedAt: Instant): void {
    for (const spec of runGates(fn, flow, runId)) this.gates.hold(spec, startedAt);
  }

  // --- Time ---------------------------------------------------------------------------------------------------

  nextWakeAt(): Instant | null {
    return this.#alarms.peek()?.at ?? null;
  }

  wakeDue(now: Instant): void {
    this.#now = now;
    for (let alarm = this.#alarms.peek(); alarm !== undefined && alarm.at <= now; alarm = this.#alarms.peek()) {
      this.#alarms.pop();
      if (alarm.appId !== undefined) this.#lookAtApp(alarm.appId, now);
      else if (this.#alarmAt.get(alarm.gate) === alarm.at) {
        this.#alarmAt.delete(alarm.gate);
        this.gates.open(alarm.gate);
      }
    }
  }

  #setAlarm(gate: string, at: Instant): void {
    const known = this.#alarmAt.get(gate);
    if (known !== undefined && known <= at) return;
    this.#alarmAt.set(gate, at);
    this.#alarms.push({ at, gate });
  }

  // --- Throttle -----------------------------------------------------------------------------------------------

  /** The gate of a throttle that allows no start now, or that others wait for (GA3); null when there is none. */
  #throttled(fn: FunctionConfig, flow: RunFlow | null, lane: Lane, now: Instant): string | null {
    const { throttle } = fn.flow;
    if (throttle === null) return null;
    const gate = throttleGate(fn, flow);
    const at = allowedAt(throttle, this.#fullAt.get(gate)?.fullAt ?? null, now);
    if (at <= now) return this.gates.isNext(gate, lane) ? null : gate;
    this.#setAlarm(gate, Math.ceil(at));
    return gate;
  }

  #takeToken(fn: FunctionConfig, flow: RunFlow | null, now: Instant): void {
    const { throttle } = fn.flow;
    if (throttle === null) return;
    const gate = throttleGate(fn, flow);
    const fullAt = afterStart(throttle, this.#fullAt.get(gate)?.fullAt ?? null, now);
    this.#setBucket(gate, { functionId: fn.id, key: throttleKey(throttle, flow), fullAt, rule: throttle });
  }

  #refund(hint: JobHint): void {
    const fn = this.#view.functionOf(hint.functionId);
    if (fn === undefined || fn.flow.throttle === null) return;
    const gate = throttleGate(fn, hint.flow);
    const bucket = this.#fullAt.get(gate);
    if (bucket === undefined) return;
    this.#setBucket(gate, { ...bucket, fullAt: afterRefund(fn.flow.throttle, bucket.fullAt) });
    this.gates.open(gate);
  }

  #setBucket(gate: string, bucket: Bucket): void {
    this.#fullAt.set(gate, bucket);
    this.#changed.set(gate, bucket);
    if (this.#fullAt.size > this.#sweepAt) this.#sweep();
  }

  /** Buckets that are full again are forgotten (E6). */
  #sweep(): void {
    for (const [gate, { fullAt }] of this.#fullAt) if (fullAt <= this.#now) this.#fullAt.delete(gate);
    this.#sweepAt = Math.max(SWEEP_MIN, this.#fullAt.size * 2);
  }

  /** States that changed since this was asked: to be stored with the batch. */
  takeThrottles(): ThrottleState[] {
    if (this.#changed.size === 0) return [];
    const states = [...this.#changed.values()];
    this.#changed.clear();
    return states;
  }

  /** When a throttle's bucket is full again; null when it is. */
  throttleFullAt(gate: string): Instant | null {
    return this.#fullAt.get(gate)?.fullAt ?? null;
  }

  restoreThrottle(state: ThrottleState): void {
    const rule = this.#view.functionOf(state.functionId)?.flow.throttle ?? null;
    this.#fullAt.set(bucketGate(state.functionId, state.key), { ...state, rule });
  }

  /** Functions have changed: buckets go on by the rules of now (throttle.ts, TH3), and everybody tries again. */
  rulesChanged(now: Instant): void {
    for (const [gate, bucket] of this.#fullAt) {
      const rule = this.#view.functionOf(bucket.functionId)?.flow.throttle ?? null;
      if (rule === null || rule === bucket.rule) continue;
      const { fullAt, rule: before } = bucket;
      if (before === null || isSamePace(before, rule)) this.#fullAt.set(gate, { ...bucket, rule });
      else this.#setBucket(gate, { ...bucket, rule, fullAt: afterChange(before, rule, fullAt, now) });
    }
    this.gates.retry();
  }

  // --- Apps ---------------------------------------------------------------------------------------------------

  /** True while the app may not be called. The server's own requests for steps do not need it. */
  #isAppClosed(appId: string, gate: string, lane: Lane, now: Instant): boolean {
    return this.#contacts.allows(appId, now) === "nothing" || !this.gates.isNext(gate, lane);
  }

  #callBegins(appId: string, { runId, slot }: JobHint, now: Instant): void {
    if (this.#contacts.allows(appId, now) === "call") return;
    this.#contacts.began(appId, callHolder(runId, slot), now);
    this.#wakeApp(appId, this.#contacts.find(appId)!.probeAt);
  }

  /** What a call's outcome says about its app. To be told before the call's end. */
  heard(functionId: string, runId: string, slot: string, contact: Contact, now: Instant): void {
    if (contact === null) return;
    const appId = this.#view.appIdOf(functionId);
    if (contact.isReached && this.#contacts.find(appId) === null) return; // It was not down.
    const holder = callHolder(runId, slot);
    if (contact.isReached) {
      if (this.#contacts.reached(appId, holder)) this.#openApp(appId);
      return;
    }
    const at = this.#contacts.failed(appId, holder, contact.reason, now);
    if (at !== null) this.#wakeApp(appId, at);
  }

  /** The app registered: it is there. */
  appAnswers(appId: string): void {
    if (this.#contacts.reached(appId, null)) this.#openApp(appId);
  }

  /** The wait for the next probe is over, or a probe has been out for so long that it must have connected. */
  #lookAtApp(appId: string, now: Instant): void {
    if (this.#contacts.mustHaveConnected(appId, now)) this.appAnswers(appId);
    else if (this.#contacts.allows(appId, now) === "probe") this.gates.open(appGateOf(appId));
  }

  #wakeApp(appId: string, at: Instant): void {
    this.#alarms.push({ at, gate: appGateOf(appId), appId });
  }

  #openApp(appId: string): void {
    this.gates.open(appGateOf(appId));
  }

  /** What keeps the app from being called; null when it answers. */
  appDown(appId: string): AppDown | null {
    return this.#contacts.find(appId);
  }

  callsOf(appId: string): number {
    return this.#callsOfApp.get(appId)?.count ?? 0;
  }
}

const blockedAt = (gate: string): Blocked => ({ gate, limit: null, guarantees: [] });

export const pauseGate = (functionId: string): string => `pause ${functionId}`;
export const appGateOf = (appId: string): string => `app ${appId}`;
export const throttleGate = (fn: FunctionConfig, flow: RunFlow | null): string =>
  bucketGate(fn.id, throttleKey(fn.flow.throttle, flow));

const bucketGate = (functionId: string, key: string): string => `throttle ${functionId} = ${key}`;

/** A throttle without a key counts for every run, whatever it was created under. */
function throttleKey(rule: ThrottleRule | null, flow: RunFlow | null): string {
  return rule?.key == null ? "" : (flow?.throttle ?? "");
}

const isSamePace = (left: ThrottleRule, right: ThrottleRule): boolean =>
  left.limit === right.limit && left.periodMs === right.periodMs && left.burst === right.burst;
