/** Keys, priorities and conditions that flow control is given here, each with what it means: no expression is evaluated. */

export interface SimKey {
  readonly text: string;
  of(n: number): string;
}

const orNull = (n: number): string => (Number.isNaN(n) ? "null" : String(n));
const bySmall: SimKey = { text: "event.data.k", of: (n) => orNull(n % 3) };
const byNumber: SimKey = { text: "event.data.n", of: orNull };
const byParity: SimKey = { text: "event.data.n % 2 == 0 ? 'even' : 'odd'", of: (n) => (n % 2 === 0 ? "even" : "odd") };
const missing: SimKey = { text: "event.data.nobody", of: () => "null" };
/** One limit for everybody, whatever the scope. */
const shared: SimKey = { text: "'all'", of: () => "all" };
/** Three of ten are free of the rule, where a rule can be escaped. */
const escaping: SimKey = {
  text: "event.data.n > 6 ? false : event.data.k",
  of: (n) => (n > 6 ? "false" : orNull(n % 3)),
};

/** Most of it is one value. */
export const SKEWED: SimKey = { text: "event.data.n == 9 ? 'cold' : 'hot'", of: (n) => (n === 9 ? "cold" : "hot") };

export const LIMIT_KEYS: readonly SimKey[] = [bySmall, bySmall, byNumber, byParity, missing];
export const SHARED_KEYS: readonly SimKey[] = [shared, bySmall];
export const START_KEYS: readonly SimKey[] = [bySmall, bySmall, byParity, escaping, byNumber];

const ALL = new Map([SKEWED, ...LIMIT_KEYS, ...SHARED_KEYS, ...START_KEYS].map((key) => [key.text, key]));

/** The value of a key for an event with this number (NaN: it has none); "" without a key. */
export function keyOf(text: string | null, n: number): string {
  return text === null ? "" : ALL.get(text)!.of(n);
}

export interface SimPriority {
  readonly text: string;
  secondsOf(n: number): number;
}

export const PRIORITIES: readonly SimPriority[] = [
  { text: "event.data.n * 10", secondsOf: (n) => (Number.isNaN(n) ? 0 : n * 10) },
  { text: "event.data.k == 0 ? 120 : -30", secondsOf: (n) => (n % 3 === 0 ? 120 : -30) },
  { text: "event.data.n > 4 ? 100000 : event.data.nobody", secondsOf: (n) => (n > 4 ? 43_200 : 0) },
];

export function priorityMsOf(text: string | null, n: number): number {
  if (text === null) return 0;
  return PRIORITIES.find((priority) => priority.text === text)!.secondsOf(n) * 1_000;
}

/** What `batchEvents.if` may be. */
export const BATCH_CONDITIONS: ReadonlyMap<string, (n: number) => boolean> = new Map([
  ["event.data.n < 6", (n: number) => n < 6],
  ["event.data.k != 1", (n: number) => n % 3 !== 1],
]);
