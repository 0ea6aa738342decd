/**
 * A benchmark answers one written question. It measures its floor (what the machine can do without us) in the same
 * run, because the machine is shared: the ratio is what counts, the absolute number is printed beside it.
 */
export interface Answer {
  /** What was measured, with its unit in the name: "calls/s", "p50 ms". */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What must hold, and whether it does; null for numbers that are only told. */
  readonly goal: { readonly text: string; readonly holds: boolean } | null;
}

export interface Question {
  readonly name: string;
  readonly question: string;
  readonly run: (options: RunOptions) => Promise<Answer[]>;
}

export interface RunOptions {
  /** 1 for the full size; smaller for a quick look. */
  readonly scale: number;
  /** Says what is going on, on long work. */
  readonly progress: (text: string) => void;
}

export function atLeast(name: string, value: number, unit: string, bound: number): Answer {
  return { name, value, unit, goal: { text: `≥ ${bound}`, holds: value >= bound } };
}

export function atMost(name: string, value: number, unit: string, bound: number): Answer {
  return { name, value, unit, goal: { text: `≤ ${bound}`, holds: value <= bound } };
}

export function told(name: string, value: number, unit: string): Answer {
  return { name, value, unit, goal: null };
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest-rank percentile; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? Number.NaN;
}
