/**
 * What a command needs to know before it is applied, beyond what is in memory: the core names it, its owner loads it.
 *
 *   FA1. A command is applied only when nothing it needs is missing, and in the same turn in which that was found. So
 *        everything that was decided before it is seen by it: in memory, in what was loaded, or in `Recent`.
 *   FA2. What was decided lately wins over what was loaded.
 */
import type { IncomingEvent, StoredEvent } from "../protocol/event.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { FlowFactKey } from "./batch.ts";
import type { ReceivedPlace } from "./inbox.ts";
import type { Instant } from "./instant.ts";
import type { WaitKey } from "./match/wait-keys.ts";
import { type WaitTopic, waitSet } from "./match/wait-names.ts";

/** Facts that a load may not show yet: kept until every load that could have missed them has arrived. */
export interface Recent {
  get(fact: string): string | undefined;
  note(fact: string, value: string): void;
  members(set: string): Iterable<string>;
  join(set: string, member: string): void;
}

export interface WaiterQuery {
  /** For whom the answer is: an event's id, or a signal. */
  readonly subject: string;
  readonly topic: WaitTopic;
  readonly name: string;
  readonly keys: readonly WaitKey[];
  readonly afterRunId: string | null;
  readonly limit: number;
}

export interface PastQuery {
  readonly subject: string;
  readonly names: readonly string[];
  readonly from: Instant;
  readonly until: Instant;
  readonly after: ReceivedPlace | null;
  readonly limit: number;
  /** The answer ends with the event whose JSON makes it so many characters long. */
  readonly charsMax: number;
}

/** The oldest runs of a function that wait for their first call. */
export interface BacklogQuery {
  readonly functionId: string;
  /** Only runs with greater ids; null for the first. */
  readonly after: string | null;
  readonly limit: number;
}

export interface Needs {
  /** Internal ids that may exist already. */
  readonly events: string[];
  readonly flow: FlowFactKey[];
  readonly waiters: WaiterQuery[];
  /** Stored events to read. */
  readonly stored: string[];
  readonly past: PastQuery[];
  readonly backlogs: BacklogQuery[];
  /** How many runs of a function the command may make; only where that matters. No need by itself. */
  readonly starts: Map<string, number>;
  /** Runs that have to be in memory. */
  readonly runs: string[];
}

const noNeeds = (): Needs => ({
  events: [],
  flow: [],
  waiters: [],
  stored: [],
  past: [],
  backlogs: [],
  starts: new Map(),
  runs: [],
});

let spare: Needs | null = null;

/** An empty list to fill: the one that was given back last, because nearly every command needs nothing. */
export function emptyNeeds(): Needs {
  const needs = spare ?? noNeeds();
  spare = null;
  return needs;
}

/** Null when nothing is needed; the list is then used again. */
export function neededOrNull(needs: Needs): Needs | null {
  if (!isNothing(needs)) return needs;
  needs.starts.clear();
  spare = needs;
  return null;
}

const isNothing = (needs: Needs): boolean =>
  needs.events.length +
    needs.flow.length +
    needs.waiters.length +
    needs.stored.length +
    needs.past.length +
    needs.backlogs.length +
    needs.runs.length ===
  0;

export const eventFact = (id: string): string => `e ${id}`;
const runFact = (id: string): string => `r ${id}`;
export const messageFact = (id: string): string => `m ${id}`;
/** The set of runs of a function that were made lately and may wait. */
export const queuedSet = (functionId: string): string => `queued ${functionId}`;
export const flowFact = ({ kind, functionId, key }: FlowFactKey): string => `${kind} ${functionId} ${key}`;

interface Loaded {
  readonly runIds: readonly string[];
  /** False: there are more than were asked for. */
  readonly isComplete: boolean;
}

/** The runs of a function that may wait, oldest first: as they were loaded, then those that were made since. */
interface Backlog {
  readonly loaded: string[];
  isComplete: boolean;
  /** Of the loaded ones, how many have been taken. */
  taken: number;
  recent: Iterator<string> | null;
}

/** What is known for one command; its owner puts in what it loaded. */
export class Facts {
  readonly #recent: Recent;
  readonly #asked = new Set<string>();
  readonly #values = new Map<string, string>();
  readonly #waiters = new Map<string, Loaded>();
  readonly #stored = new Map<string, IncomingEvent | null>();
  readonly #past = new Map<string, readonly StoredEvent[]>();
  readonly #absentRuns = new Set<string>();
  readonly #backlogs = new Map<string, Backlog>();

  constructor(recent: Recent) {
    this.#recent = recent;
  }

  // --- For the owner ------------------------------------------------------------------------------------------

  addEvents(asked: readonly string[], found: readonly string[]): void {
    for (const id of asked) this.#asked.add(eventFact(id));
    for (const id of found) this.#values.set(eventFact(id), id);
  }

  addFlow(asked: readonly FlowFactKey[], found: readonly (FlowFactKey & { readonly value: string })[]): void {
    for (const key of asked) this.#asked.add(flowFact(key));
    for (const fact of found) this.#values.set(flowFact(fact), fact.value);
  }

  addWaiters({ subject, limit }: WaiterQuery, runIds: readonly string[]): void {
    this.#waiters.set(subject, { runIds, isComplete: runIds.length < limit });
  }

  addStored(asked: readonly string[], found: readonly StoredEvent[]): void {
    for (const id of asked) this.#stored.set(id, null);
    for (const stored of found) {
      this.#stored.set(stored.id, { stored, parsed: JSON.parse(stored.json) as JsonObject, mayExist: false });
    }
  }

  addPast({ subject }: PastQuery, events: readonly StoredEvent[]): void {
    this.#past.set(subject, events);
  }

  addBacklog({ functionId, limit }: BacklogQuery, runIds: readonly string[]): void {
    const known = this.#backlogs.get(functionId);
    const isComplete = runIds.length < limit;
    if (known === undefined) {
      this.#backlogs.set(functionId, { loaded: [...runIds], isComplete, taken: 0, recent: null });
      return;
    }
    for (const id of runIds) known.loaded.push(id);
    known.isComplete = isComplete;
  }

  addAbsentRuns(ids: readonly string[]): void {
    for (const id of ids) this.#absentRuns.add(id);
  }

  // --- For the core -------------------------------------------------------------------------------------------

  hasAsked(fact: string): boolean {
    return this.#asked.has(fact);
  }

  hasEvent(id: string): boolean {
    return this.#find(eventFact(id)) !== null;
  }

  noteEvent(id: string): void {
    this.#recent.note(eventFact(id), id);
  }

  /** The value of a flow fact; null when there is none (any more). */
  flow(key: FlowFactKey): string | null {
    return this.#find(flowFact(key));
  }

  noteFlow(key: FlowFactKey, value: string): void {
    this.#recent.note(flowFact(key), value);
  }

  /** The fact is deleted in the open batch. */
  forgetFlow(key: FlowFactKey): void {
    this.#recent.note(flowFact(key), GONE);
  }

  hasWaiters(subject: string): boolean {
    return this.#waiters.has(subject);
  }

  /** Runs that may wait: those that were loaded, and those that began to wait since. In the order of their ids. */
  waiters(query: WaiterQuery): { readonly runIds: readonly string[]; readonly isComplete: boolean } {
    const loaded = this.#waiters.get(query.subject);
    const recent: string[] = [];
    for (const { path, value } of query.keys) {
      for (const runId of this.#recent.members(waitSet(query.topic, query.name, path, value))) recent.push(runId);
    }
    if (recent.length === 0) return loaded ?? { runIds: [], isComplete: true };
    const isComplete = loaded?.isComplete ?? true;
    const end = isComplete ? null : (loaded!.runIds.at(-1) ?? null);
    const fitting = recent.filter(
      (id) => (query.afterRunId === null || id > query.afterRunId) && (end === null || id <= end),
    );
    return { runIds: [...new Set([...(loaded?.runIds ?? []), ...fitting])].sort(), isComplete };
  }

  hasStored(eventId: string): boolean {
    return this.#stored.has(eventId);
  }

  stored(eventId: string): IncomingEvent | null {
    return this.#stored.get(eventId) ?? null;
  }

  past(subject: string): readonly StoredEvent[] | undefined {
    return this.#past.get(subject);
  }

  /** The oldest runs of a function that may wait, as far as they were loaded; undefined when nobody has asked. */
  backlog(functionId: string): { readonly loaded: readonly string[]; readonly isComplete: boolean } | undefined {
    return this.#backlogs.get(functionId);
  }

  /** Runs of a function that were made so lately that a load may not show them, oldest first. */
  recentlyQueued(functionId: string): Iterable<string> {
    return this.#recent.members(queuedSet(functionId));
  }

  /** The oldest run that may wait, each once; null when no more are known. */
  takeOldest(functionId: string): string | null {
    const backlog = this.#backlogs.get(functionId);
    if (backlog === undefined) return null;
    if (backlog.taken < backlog.loaded.length) return backlog.loaded[backlog.taken++]!;
    if (!backlog.isComplete) return null;
    backlog.recent ??= this.recentlyQueued(functionId)[Symbol.iterator]();
    const next = backlog.recent.next();
    if (next.done !== true) return next.value;
    backlog.recent = null; // What is made from here on is found by whoever asks again.
    return null;
  }

  /** False also for a run that was made since it was looked for: it has to be loaded again. */
  isAbsent(runId: string): boolean {
    return this.#absentRuns.has(runId) && this.#recent.get(runFact(runId)) === undefined;
  }

  /** A run whose id its maker chose was created. */
  noteRun(id: string): void {
    this.#recent.note(runFact(id), id);
  }

  #find(fact: string): string | null {
    const recent = this.#recent.get(fact);
    const loaded = this.#values.get(fact) ?? null;
    if (recent === undefined) return loaded;
    if (recent.startsWith(GONE_IF)) return loaded !== null && recent === GONE_IF + loaded ? null : loaded;
    return recent === GONE ? null : recent; // FA2
  }
}

/** No value of a fact begins with a NUL. */
const GONE = "\u0000gone";

const GONE_IF = "\u0000gone if ";

/** A fact is deleted. `ifValue`: if it says this; who has loaded another value has a newer one, and it stays. */
export function noteForgotten(recent: Recent, fact: string, ifValue?: string): void {
  const known = ifValue === undefined ? undefined : recent.get(fact);
  if (ifValue === undefined || known === ifValue) recent.note(fact, GONE);
  else if (known === undefined || known.startsWith(GONE_IF)) recent.note(fact, GONE_IF + ifValue);
}
