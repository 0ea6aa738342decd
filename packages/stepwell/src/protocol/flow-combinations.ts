/** Options of one function that cannot stand together, with the reason. Both sides refuse them (docs/flow-control.md). */

export interface Refusal {
  readonly option: "batchEvents";
  readonly other: "debounce" | "singleton";
  readonly reason: string;
}

export const REFUSED_TOGETHER: readonly Refusal[] = [
  {
    option: "batchEvents",
    other: "debounce",
    reason: "both gather events, and only one of them can say when the run starts",
  },
  {
    option: "batchEvents",
    other: "singleton",
    reason:
      "a singleton decides about the run of one event, and a batch has many (runConcurrency limits runs of both kinds)",
  },
];
