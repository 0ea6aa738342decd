/**
 * Where an instant stands on the width of a waterfall.
 *
 *   TS1. It only grows: what is later is never further left.
 *   TS2. Long stretches in which nothing executes may be folded: they keep a small width, so that a run that sleeps for
 *        three days still shows its steps of some milliseconds.
 */
export interface Interval {
  readonly from: number;
  readonly until: number;
}

export interface Fold {
  /** Positions, from 0 to 1. */
  readonly left: number;
  readonly right: number;
  readonly ms: number;
}

export interface Tick {
  readonly position: number;
  /** Since the beginning. */
  readonly ms: number;
}

export interface TimeScale {
  /** From 0 to 1; what lies outside is put at the edge. */
  position(at: number): number;
  readonly folds: readonly Fold[];
  readonly ticks: readonly Tick[];
}

/** A stretch is folded when it is longer than this share of the whole. */
const LONG_SHARE = 0.2;
const FOLD_WIDTH = 0.07;
const FOLDS_WIDTH_MAX = 0.5;
const TICKS_MAX = 6;

interface Piece extends Interval {
  readonly left: number;
  readonly right: number;
  readonly isFold: boolean;
}

export function timeScale(from: number, until: number, busy: readonly Interval[], isFolding: boolean): TimeScale {
  const whole = Math.max(until - from, 1);
  const long =
    isFolding && busy.length > 0
      ? gapsOf(from, from + whole, busy).filter((gap) => lengthOf(gap) > whole * LONG_SHARE)
      : [];
  const pieces = piecesOf(from, from + whole, long);
  const position = (at: number) => {
    const piece = pieces.find((one) => at <= one.until) ?? pieces.at(-1)!;
    const share = (Math.min(Math.max(at, piece.from), piece.until) - piece.from) / Math.max(lengthOf(piece), 1e-9);
    return piece.left + share * (piece.right - piece.left);
  };
  const folds = pieces
    .filter((piece) => piece.isFold)
    .map((one) => ({ left: one.left, right: one.right, ms: lengthOf(one) }));
  const ticks = folds.length === 0 ? evenTicks(whole) : edgeTicks(pieces, from);
  return { position, folds, ticks };
}

const lengthOf = ({ from, until }: Interval) => until - from;

/** The stretches in which nothing is busy. */
export function gapsOf(from: number, until: number, busy: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let at = from;
  for (const one of [...busy].sort((a, b) => a.from - b.from)) {
    if (one.from > at) gaps.push({ from: at, until: Math.min(one.from, until) });
    at = Math.max(at, one.until);
    if (at >= until) return gaps;
  }
  return at < until ? [...gaps, { from: at, until }] : gaps;
}

function piecesOf(from: number, until: number, long: readonly Interval[]): Piece[] {
  const foldWidth = long.length === 0 ? 0 : Math.min(FOLD_WIDTH, FOLDS_WIDTH_MAX / long.length);
  const openMs = until - from - long.reduce((sum, gap) => sum + lengthOf(gap), 0);
  const openWidth = 1 - foldWidth * long.length;
  const pieces: Piece[] = [];
  let at = from;
  let left = 0;
  const add = (end: number, isFold: boolean) => {
    if (end <= at && !isFold) return;
    // Nothing but folds: they share the width.
    const width = isFold ? (openMs <= 0 ? 1 / long.length : foldWidth) : ((end - at) / openMs) * openWidth;
    pieces.push({ from: at, until: end, left, right: left + width, isFold });
    at = end;
    left += width;
  };
  for (const gap of long) {
    add(gap.from, false);
    add(gap.until, true);
  }
  add(until, false);
  return pieces;
}

function evenTicks(whole: number): Tick[] {
  const step = niceStep(whole / TICKS_MAX);
  const count = Math.floor(whole / step);
  return Array.from({ length: count + 1 }, (_, index) => ({ ms: index * step, position: (index * step) / whole }));
}

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const STEPS = [
  ...[5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90].map((count) => count * DAY),
];

/** The smallest round distance that is no shorter. */
function niceStep(ms: number): number {
  if (ms > 2 * SECOND) return STEPS.find((step) => step >= ms) ?? Math.ceil(ms / (365 * DAY)) * 365 * DAY;
  const power = 10 ** Math.floor(Math.log10(Math.max(ms, 0.1)));
  return Math.max(([1, 2, 5, 10].find((factor) => factor * power >= ms) ?? 10) * power, 1);
}

const TICK_DISTANCE = 0.1;

/** At the ends of folds, as far as there is room for their words. */
function edgeTicks(pieces: readonly Piece[], from: number): Tick[] {
  const ticks: Tick[] = [];
  for (const piece of pieces) {
    if (piece.isFold) continue;
    const last = ticks.at(-1);
    if (last === undefined || piece.left - last.position >= TICK_DISTANCE) {
      ticks.push({ position: piece.left, ms: piece.from - from });
    }
  }
  return ticks;
}
