/**
 * The runs of a filter, page by page from the newest to the oldest. The store does the looking, apart from the loop.
 *
 *   SC1. At most one page is in memory, however many runs there are.
 */
import type { Clock } from "../../engine/ports.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { RunSearch, Store } from "../../store/store.ts";
import type { RunChoice } from "./filter.ts";

export interface ScanPorts {
  readonly store: Pick<Store, "searchRuns" | "countRuns">;
  readonly clock: Clock;
}

export interface ScanPage {
  /** Those that match, newest first. */
  readonly runIds: readonly string[];
  /** How far it came: the pages after this one have smaller ids. */
  readonly cursor: string;
}

const PAGE_ROWS = 100;

/** `before`: only runs with smaller ids; null for all. */
export async function* scanRuns(
  { store, clock }: ScanPorts,
  choice: RunChoice,
  before: string | null,
): AsyncGenerator<ScanPage, void, void> {
  for (let cursor = before; ; ) {
    const { rows, next } = await store.searchRuns(searchOf(choice, clock.now(), PAGE_ROWS, cursor));
    const last = next ?? rows.at(-1)?.id;
    if (last === undefined) return;
    cursor = last;
    yield { runIds: rows.map((row) => row.id), cursor };
    if (next === null && rows.length < PAGE_ROWS) return;
  }
}

function searchOf(choice: RunChoice, now: number, limit: number, before: string | null): RunSearch {
  const { statuses, functionIds, from, until, expression, text, textFunctionIds } = choice;
  return {
    env: DEFAULT_ENV,
    statuses,
    limit,
    isBrief: true,
    ...(functionIds === null ? {} : { functionIds }),
    ...(from === null ? {} : { createdFrom: from }),
    ...(until === null ? {} : { createdUntil: until }),
    ...(before === null ? {} : { before }),
    ...(text === null ? {} : { text, textFunctionIds }),
    ...(expression === null ? {} : { expression: { source: expression, now, needsEvent: true } }),
  };
}

export interface RunCount {
  readonly count: number;
  /** True: there may be more, counting ended at its limit. */
  readonly isMore: boolean;
}

/** Counting goes on for so long, a search at a time. */
const COUNT_MS_MAX = 2_000;

/** How many runs match, counted up to `LIMITS.operationCountMax` and for a limited time. */
export async function countRuns(
  { store, clock }: ScanPorts,
  choice: RunChoice,
  before: string | null,
  isLeft: () => boolean = () => false,
): Promise<RunCount> {
  const until = clock.now() + COUNT_MS_MAX;
  let count = 0;
  for (let cursor = before; ; ) {
    const left = LIMITS.operationCountMax - count;
    const counted = await store.countRuns(searchOf(choice, clock.now(), left, cursor));
    count += counted.count;
    if (counted.next === null) return { count, isMore: false };
    if (counted.count >= left || isLeft() || clock.now() >= until) return { count, isMore: true };
    cursor = counted.next;
  }
}
