/**
 * The runs of a filter, page by page from the newest to the oldest.
 *
 *   SC1. At most one page is in memory, however many runs there are.
 *   SC2. Evaluating an expression leaves the loop to others every few runs.
 */
import { type CompiledExpression, compileExpression, isExpressionProblem } from "../../core/match/expression.ts";
import type { Clock } from "../../engine/ports.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { RunRow, Store } from "../../store/store.ts";
import type { RunChoice } from "./filter.ts";

export interface ScanPorts {
  readonly store: Pick<Store, "listRuns" | "loadEvents">;
  readonly clock: Clock;
}

export interface ScanPage {
  /** Those that match, newest first. */
  readonly runIds: readonly string[];
  /** How many were looked at. */
  readonly scanned: number;
  /** The id of the last one: the pages after this one have smaller ids. */
  readonly cursor: string;
}

const PAGE_ROWS = 100;
const EVALUATIONS_PER_TURN = 10;

/** `before`: only runs with smaller ids; null for all. */
export async function* scanRuns(
  ports: ScanPorts,
  choice: RunChoice,
  before: string | null,
): AsyncGenerator<ScanPage, void, void> {
  const program = programOf(choice.expression);
  for (let cursor = before; ; ) {
    const { statuses, functionIds, from, until } = choice;
    const rows = await ports.store.listRuns({
      env: DEFAULT_ENV,
      statuses,
      limit: PAGE_ROWS,
      ...(functionIds === null ? {} : { functionIds }),
      ...(from === null ? {} : { createdFrom: from }),
      ...(until === null ? {} : { createdUntil: until }),
      ...(cursor === null ? {} : { before: cursor }),
    });
    if (rows.length === 0) return;
    cursor = rows.at(-1)!.id;
    const runIds = program === null ? rows.map((row) => row.id) : await matching(ports, program, rows);
    yield { runIds, scanned: rows.length, cursor };
    if (rows.length < PAGE_ROWS) return;
  }
}

function programOf(expression: string | null): CompiledExpression | null {
  if (expression === null) return null;
  const program = compileExpression(expression, ["event", "output"]);
  if (!isExpressionProblem(program)) return program;
  throw new StepwellError("expression_invalid", { expression, reason: program.reason });
}

async function matching(
  { store, clock }: ScanPorts,
  program: CompiledExpression,
  rows: readonly RunRow[],
): Promise<string[]> {
  const eventIds = new Set(rows.flatMap((row) => row.eventIds.slice(0, 1)));
  const events = new Map((await store.loadEvents([...eventIds])).map((event) => [event.id, event.json]));
  const runIds: string[] = [];
  for (const [index, row] of rows.entries()) {
    if (index % EVALUATIONS_PER_TURN === 0) await new Promise<void>((resolve) => clock.defer(resolve)); // SC2
    const json = events.get(row.eventIds[0] ?? "");
    if (json === undefined) continue;
    const output = row.output ?? row.error;
    const result = output === null ? {} : { output: JSON.parse(output) as JsonValue };
    if (program.test({ event: JSON.parse(json) as JsonObject, ...result }, clock.now())) runIds.push(row.id);
  }
  return runIds;
}

export interface RunCount {
  readonly count: number;
  /** True: there may be more, counting ended at its limit. */
  readonly isMore: boolean;
}

/** How many runs match; looks at `LIMITS.operationCountMax` runs at most. */
export async function countRuns(
  ports: ScanPorts,
  choice: RunChoice,
  before: string | null,
  isLeft: () => boolean = () => false,
): Promise<RunCount> {
  let count = 0;
  let scanned = 0;
  for await (const page of scanRuns(ports, choice, before)) {
    count += page.runIds.length;
    scanned += page.scanned;
    if (isLeft() || scanned >= LIMITS.operationCountMax) return { count, isMore: true };
  }
  return { count, isMore: false };
}
