/** Which runs a list shows: filters as clients write them, as the store takes them. */
import type { Apps } from "../../core/apps.ts";
import type { RunStatus } from "../../core/run/run.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { ListOrder, RunSearch, SearchExpression } from "../../store/store.ts";
import { namedFunctionIds } from "../operations/filter.ts";
import { appUuid, runStatusOf } from "../run-record.ts";
import type { ApiContext } from "./api-engine.ts";
import { defined, eventOf, notFound, runOf } from "./find.ts";
import { invalid } from "./read-input.ts";

export const SEARCHED_TEXT =
  "Part of an id, a name, the event, the output or the error. Looks back for a limited time a page.";
export const SEARCHED_EXPRESSION =
  "An expression over `event` and `output`: `output.total > 3`. Looks back for a limited time a page.";

/** As it stands in a query; absent members filter nothing. */
export interface RunQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly status?: string | undefined;
  readonly function?: string | undefined;
  readonly app?: string | undefined;
  readonly event?: string | undefined;
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  readonly parent?: string | undefined;
  readonly order?: ListOrder | undefined;
  readonly text?: string | undefined;
  readonly if?: string | undefined;
}

/** The filter for one row more than the page has: whether there is a next page shows in it. */
export async function runFilter(query: RunQuery, context: ApiContext): Promise<RunSearch> {
  return {
    env: DEFAULT_ENV,
    limit: query.limit + 1,
    ...defined({
      statuses: statusesOf(query.status),
      functionIds: functionIdsOf(context.engine.apps, query.function, query.app),
      eventId: query.event === undefined ? undefined : (await eventOf(context, query.event)).id,
      createdFrom: query.from,
      createdUntil: query.until,
      order: query.order,
      before: query.cursor,
      parentId: query.parent === undefined ? undefined : (await runOf(context, query.parent)).id,
      ...textOf(query.text, context),
      expression: searchExpression(query.if),
    }),
  };
}

/** A text may be that of a function's names, which are not in the rows of its runs. */
function textOf(text: string | undefined, { engine }: ApiContext): Pick<RunSearch, "text" | "textFunctionIds"> {
  if (text === undefined || text === "") return {};
  return { text, textFunctionIds: namedFunctionIds(engine.apps.everyFunction(), text) };
}

export function searchExpression(source: string | undefined): SearchExpression | undefined {
  return source === undefined || source === "" ? undefined : { source, now: Date.now() };
}

/** Names of statuses, separated by commas. */
function statusesOf(text: string | undefined): RunStatus[] | undefined {
  return text?.split(",").map((name) => {
    const status = runStatusOf(name);
    if (status === null) throw invalid("status", `${JSON.stringify(name.slice(0, 32))} is no status of a run`);
    return status;
  });
}

/** Functions by slug or id, and by app; those that are archived have runs too. */
export function functionIdsOf(apps: Apps, fn: string | undefined, app: string | undefined): string[] | undefined {
  if (fn === undefined && app === undefined) return undefined;
  const ids = apps
    .everyFunction()
    .map((stored) => stored.fn)
    .filter((one) => fn === undefined || one.slug === fn || one.id === fn)
    .filter((one) => app === undefined || one.appId === app || appUuid(one.appId) === app)
    .map((one) => one.id);
  if (ids.length === 0) throw notFound(fn === undefined ? "App" : "Function", fn ?? app!);
  return ids;
}
