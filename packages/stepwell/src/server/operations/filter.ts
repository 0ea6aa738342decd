/**
 * Which runs an operation is about: as somebody asked for it, and as it was understood when the operation began.
 *
 *   OF1. What is asked for is checked before anything is stored or done; a filter that names nothing is refused.
 *   OF2. Only open runs can be cancelled, only ended ones replayed, only failed ones resumed: no filter widens that.
 */
import type { Instant } from "../../core/instant.ts";
import { compileExpression, isExpressionProblem } from "../../core/match/expression.ts";
import type { RunStatus } from "../../core/run/run.ts";
import { StepwellError } from "../../protocol/errors.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Store } from "../../store/store.ts";
import { appUuid } from "../run-record.ts";

export type OperationKind = "cancel" | "replay" | "resume";

/** As it was asked for. Null filters nothing. */
export interface OperationFilter {
  readonly statuses: readonly RunStatus[] | null;
  /** Slugs or ids; with an app also the ids that functions have within it. */
  readonly functions: readonly string[] | null;
  /** A name or an id. */
  readonly app: string | null;
  /** Created at or after, and before. */
  readonly from: Instant | null;
  readonly until: Instant | null;
  /** An expression over the first event of a run and its output; runs without a stored event do not match. */
  readonly expression: string | null;
  /** Part of what a run carries, or of its function's names: as the list of runs looks for it. */
  readonly text: string | null;
}

/** As it was understood. */
export interface RunChoice {
  readonly statuses: readonly RunStatus[];
  /** Null: of all functions. */
  readonly functionIds: readonly string[] | null;
  readonly from: Instant | null;
  readonly until: Instant | null;
  readonly expression: string | null;
  readonly text: string | null;
  /** Functions whose names have the text. */
  readonly textFunctionIds: readonly string[];
}

const STATUSES: Readonly<Record<OperationKind, readonly RunStatus[]>> = {
  cancel: ["queued", "running"],
  replay: ["completed", "failed", "cancelled", "skipped"],
  resume: ["failed"],
};

const VERBS: Readonly<Record<OperationKind, string>> = {
  cancel: "only queued and running runs can be cancelled",
  replay: "only runs that have ended can be replayed",
  resume: "only runs that have failed can be resumed",
};

export async function resolveFilter(
  kind: OperationKind,
  filter: OperationFilter,
  store: Pick<Store, "loadRegistry">,
): Promise<RunChoice> {
  const { from, until, expression, text } = filter;
  if (Object.values(filter).every((value) => value === null)) throw invalid("the filter must name something"); // OF1
  if (from !== null && until !== null && from >= until) throw invalid("the filter's end is not after its beginning");
  if (expression !== null) refuseProblem(expression);
  const statuses = filter.statuses ?? STATUSES[kind];
  if (statuses.length === 0 || filter.functions?.length === 0) throw invalid("the filter has an empty list");
  if (!statuses.every((status) => STATUSES[kind].includes(status))) throw invalid(VERBS[kind]); // OF2
  const functionIds = await functionIdsOf(filter, store);
  const textFunctionIds = text === null ? [] : namedFunctionIds((await store.loadRegistry()).functions, text);
  return { statuses: [...new Set(statuses)], functionIds, from, until, expression, text, textFunctionIds };
}

/** Functions that have the text in a name: names are not in the rows of runs. */
export function namedFunctionIds(
  functions: readonly { readonly fn: Pick<FunctionConfig, "id" | "name" | "slug"> }[],
  text: string,
): string[] {
  const wanted = text.toLowerCase();
  const isNamed = (name: string) => name.toLowerCase().includes(wanted);
  return functions.filter(({ fn }) => isNamed(fn.name) || isNamed(fn.slug)).map(({ fn }) => fn.id);
}

function refuseProblem(expression: string): void {
  const program = compileExpression(expression, ["event", "output"]);
  if (isExpressionProblem(program)) {
    throw new StepwellError("expression_invalid", { expression, reason: program.reason });
  }
}

/** Functions that are archived have runs too. */
async function functionIdsOf(
  { functions, app }: OperationFilter,
  store: Pick<Store, "loadRegistry">,
): Promise<string[] | null> {
  if (functions === null && app === null) return null;
  if (functions !== null && functions.length > LIMITS.operationFunctionsMax) {
    throw invalid(`the filter names more than ${LIMITS.operationFunctionsMax} functions`);
  }
  const known = (await store.loadRegistry()).functions.map((stored) => stored.fn);
  const ofApp = known.filter(({ appId }) => app === null || appId === app || appUuid(appId) === app);
  if (ofApp.length === 0 && app !== null) throw notFound("App", app);
  if (functions === null) return ofApp.map(({ id }) => id);
  return functions.map((ref) => {
    const found = ofApp.find(({ id, slug, appId }) => {
      return slug === ref || id === ref || (app !== null && slug === `${appId}-${ref}`);
    });
    if (found === undefined) throw notFound("Function", ref);
    return found.id;
  });
}

function invalid(reason: string): StepwellError {
  return new StepwellError("body_invalid", { reason });
}

function notFound(what: string, ref: string): StepwellError {
  return new StepwellError("not_found", { what: `${what} ${ref.slice(0, 128)}` });
}
