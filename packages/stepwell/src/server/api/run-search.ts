/**
 * Runs by what they carry: a text, or an expression over their event and their output. No index knows these, so runs are
 * looked through from the newest to the oldest.
 *
 *   SE1. A request looks at `SEARCHED_MAX` runs at most. The page's cursor says where it stopped, also when it found nothing.
 *   SE2. Looking leaves the loop to others every few runs.
 */
import { setImmediate } from "node:timers/promises";
import { type CompiledExpression, compileExpression, isExpressionProblem } from "../../core/match/expression.ts";
import { StepwellError } from "../../protocol/errors.ts";
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import type { RunFilter, RunRow } from "../../store/store.ts";
import type { ApiContext } from "./api-engine.ts";
import type { PageFacts } from "./route.ts";

export interface RunSearch {
  /** In whatever case: in ids, names, the event, the output or the error. */
  readonly text: string | null;
  readonly expression: string | null;
}

interface Found {
  readonly rows: readonly RunRow[];
  readonly page: PageFacts;
}

const SEARCHED_MAX = 1_000;
const PAGE_ROWS = 100;
const LOOKS_PER_TURN = 10;

export function isSearching({ text, expression }: RunSearch): boolean {
  return text !== null || expression !== null;
}

/** `filter.limit` is one more than the page has. */
export async function searchRuns(context: ApiContext, filter: RunFilter, search: RunSearch): Promise<Found> {
  const fits = matcherOf(search);
  const limit = filter.limit - 1;
  const rows: RunRow[] = [];
  let before = filter.before;
  for (let looked = 0; looked < SEARCHED_MAX; looked += PAGE_ROWS) {
    const page = { ...filter, limit: PAGE_ROWS, ...(before === undefined ? {} : { before }) };
    const candidates = await context.store.listRuns(page);
    const events = await eventsOf(context, candidates);
    for (const [index, row] of candidates.entries()) {
      if (index % LOOKS_PER_TURN === 0) await setImmediate(); // SE2
      if (fits(row, events.get(row.eventIds[0] ?? "") ?? null, context)) rows.push(row);
      if (rows.length === limit) return { rows, page: { limit, cursor: row.id } };
    }
    if (candidates.length < PAGE_ROWS) return { rows, page: { limit, cursor: null } };
    before = candidates.at(-1)!.id;
  }
  return { rows, page: { limit, cursor: before ?? null } }; // SE1
}

async function eventsOf({ store }: ApiContext, rows: readonly RunRow[]): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(rows.flatMap((row) => row.eventIds.slice(0, 1)));
  return new Map((await store.loadEvents([...ids])).map((event) => [event.id, event.json]));
}

type Matcher = (row: RunRow, event: string | null, context: ApiContext) => boolean;

function matcherOf({ text, expression }: RunSearch): Matcher {
  const program = expression === null ? null : programOf(expression);
  const wanted = text?.toLowerCase() ?? "";
  return (row, event, context) => {
    if (wanted !== "" && !hasText(row, event, context, wanted)) return false;
    return program === null || isTrue(program, row, event);
  };
}

function hasText(row: RunRow, event: string | null, { engine }: ApiContext, wanted: string): boolean {
  const fn = engine.apps.anyFunction(row.functionId)?.fn;
  const texts = [row.id, fn?.name, fn?.slug, row.cron, event, row.output, row.error];
  return texts.some((one) => one?.toLowerCase().includes(wanted));
}

function isTrue(program: CompiledExpression, row: RunRow, event: string | null): boolean {
  const output = row.output ?? row.error;
  return program.test(
    {
      ...(event === null ? {} : { event: JSON.parse(event) as JsonObject }),
      ...(output === null ? {} : { output: JSON.parse(output) as JsonValue }),
    },
    Date.now(),
  );
}

function programOf(expression: string): CompiledExpression {
  const program = compileExpression(expression, ["event", "output"]);
  if (!isExpressionProblem(program)) return program;
  throw new StepwellError("expression_invalid", { expression, reason: program.reason });
}
