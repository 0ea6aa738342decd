/**
 * What no index knows of runs and events: a text that they carry, or an expression that holds for them. Stores find candidates
 * by the rest of a search, the newest first, and ask here about each.
 *
 *   SE1. A text is looked for in whatever case, and as it stands in JSON: in ids, names, schedule, first event, output and error.
 *   SE2. An expression sees the first event, and of a run the output or, when it failed, its error.
 */
import { type CompiledExpression, compileExpression, isExpressionProblem } from "../core/match/expression.ts";
import { StepwellError } from "../protocol/errors.ts";
import type { StoredEvent } from "../protocol/event.ts";
import type { JsonObject, JsonText, JsonValue } from "../protocol/json.ts";
import type { EventSearch, RunRow, RunSearch, SearchExpression } from "./store.ts";

/** Whether a run fits. `event` is its first event as JSON, null when it has none that is stored. */
export type RunMatcher = (row: RunRow, event: JsonText | null) => boolean;
export type EventMatcher = (event: StoredEvent) => boolean;

/** Null when the search asks for nothing of the kind. Throws `expression_invalid`. */
export function runMatcher({ text, expression, textFunctionIds = [] }: RunSearch): RunMatcher | null {
  if (text === undefined && expression === undefined) return null;
  const program = expression === undefined ? null : programOf(expression.source, ["event", "output"]);
  const hasText = text === undefined ? null : textMatcher(text);
  const named = new Set(textFunctionIds);
  return (row, event) => {
    const isFound =
      hasText === null || named.has(row.functionId) || hasText(row.id, row.cron, event, row.output, row.error);
    return isFound && (program === null || holdsForRun(program, row, event, expression!));
  };
}

/** Null when the search asks for nothing of the kind. Throws `expression_invalid`. */
export function eventMatcher({ text, expression }: EventSearch): EventMatcher | null {
  if (text === undefined && expression === undefined) return null;
  const program = expression === undefined ? null : programOf(expression.source, ["event"]);
  const hasText = text === undefined ? null : textMatcher(text);
  return (event) => {
    if (hasText !== null && !hasText(event.id, event.name, event.json)) return false;
    return program === null || program.test({ event: JSON.parse(event.json) as JsonObject }, expression?.now ?? 0);
  };
}

function textMatcher(text: string): (...texts: readonly (string | null)[]) => boolean {
  const wanted = text.toLowerCase();
  const inJson = JSON.stringify(text).slice(1, -1).toLowerCase();
  return (...texts) =>
    texts.some((one) => {
      const known = one?.toLowerCase() ?? "";
      return known.includes(wanted) || (inJson !== wanted && known.includes(inJson));
    });
}

function holdsForRun(
  program: CompiledExpression,
  row: RunRow,
  event: JsonText | null,
  { now, needsEvent = false }: SearchExpression,
): boolean {
  if (needsEvent && event === null) return false;
  const output = row.output ?? row.error;
  return program.test(
    {
      ...(event === null ? {} : { event: JSON.parse(event) as JsonObject }),
      ...(output === null ? {} : { output: JSON.parse(output) as JsonValue }),
    },
    now,
  );
}

/** Compiles an expression of a search. Throws `expression_invalid`. */
function programOf(expression: string, variables: readonly ("event" | "output")[]): CompiledExpression {
  const program = compileExpression(expression, variables);
  if (!isExpressionProblem(program)) return program;
  throw new StepwellError("expression_invalid", { expression, reason: program.reason });
}
