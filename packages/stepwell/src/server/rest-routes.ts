/** `/v1`: events, runs and apps to read (protocol.md §1.8), and the routes of our own that the command line uses. */
import type { Context, Hono } from "hono";
import { isoTime } from "../core/instant.ts";
import type { RunStatus } from "../core/run/run.ts";
import { MAIN_SLOT } from "../core/run/run.ts";
import { StepwellError } from "../protocol/errors.ts";
import type { StoredEvent } from "../protocol/event.ts";
import { DEFAULT_ENV } from "../protocol/event.ts";
import { isUlid } from "../protocol/ids.ts";
import type { JsonObject, JsonValue } from "../protocol/json.ts";
import type { RunFilter, RunRow } from "../store/store.ts";
import { cancelRun } from "./cancel.ts";
import type { ServerContext } from "./context.ts";
import type { HttpEnv } from "./http-env.ts";
import { invalid, readCursor, readLimit, readText, readTime } from "./query.ts";
import {
  appUuid,
  attemptRecord,
  decisionRecord,
  eventRecord,
  functionRecord,
  runRecord,
  runStatusOf,
  stepRecord,
} from "./run-record.ts";

const LIMIT_DEFAULT = 20;
/** The wire's limit for events; lists of our own go further. */
const EVENTS_MAX = 51;
const RUNS_MAX = 100;

export function addRestRoutes(app: Hono<HttpEnv>, context: ServerContext): void {
  addEventRoutes(app, context);
  addRunRoutes(app, context);
  addAppRoutes(app, context);
}

function addEventRoutes(app: Hono<HttpEnv>, context: ServerContext): void {
  const { store } = context;

  app.get("/v1/events", async (c) => {
    const read = reader(c);
    const limit = readLimit(read, LIMIT_DEFAULT, EVENTS_MAX);
    const rows = await store.listEvents({
      env: DEFAULT_ENV,
      limit: limit + 1,
      ...defined({
        name: readText(read, "name"),
        receivedFrom: readTime(read, "received_after"),
        receivedUntil: readTime(read, "received_before"),
        before: readCursor(read),
      }),
    });
    return page(c, rows.map(eventRecord), limit, rows[limit - 1]?.id);
  });

  app.get("/v1/events/:id", async (c) => envelope(c, eventRecord(await eventOf(context, c.req.param("id")))));

  app.get("/v1/events/:id/runs", async (c) => {
    const event = await eventOf(context, c.req.param("id"));
    const rows = await store.listRuns({ env: DEFAULT_ENV, eventId: event.id, limit: RUNS_MAX });
    return envelope(
      c,
      rows.map((row) => runRecord(row, context.engine.apps)),
    );
  });

  app.get("/v1/events/:id/decisions", async (c) => {
    const event = await eventOf(context, c.req.param("id"));
    const runs = await store.listRuns({ env: DEFAULT_ENV, eventId: event.id, limit: RUNS_MAX });
    const others = await store.listDecisions(event.id);
    const { apps } = context.engine;
    return envelope(c, [
      ...runs.map((run) => startedRecord(run, context)),
      ...others.map((decision) => decisionRecord(decision, apps)),
    ]);
  });
}

function addRunRoutes(app: Hono<HttpEnv>, context: ServerContext): void {
  const { store } = context;

  app.get("/v1/runs", async (c) => {
    const filter = await runFilter(reader(c), context);
    const rows = await store.listRuns({ ...filter, limit: filter.limit + 1 });
    const records = rows.map((row) => runRecord(row, context.engine.apps));
    return page(c, records, filter.limit, rows[filter.limit - 1]?.id);
  });

  app.get("/v1/runs/:id", async (c) =>
    envelope(c, runRecord(await runOf(context, c.req.param("id")), context.engine.apps)),
  );

  app.get("/v1/runs/:id/steps", async (c) => {
    const run = await runOf(context, c.req.param("id"));
    const [steps, attempts] = await Promise.all([store.listSteps(run.id), store.listAttempts(run.id)]);
    const ofFunction = attempts.filter((attempt) => attempt.slot === MAIN_SLOT).map(attemptRecord);
    return envelope(
      c,
      steps.map((step) => stepRecord(step, attempts)),
      { function_failed_attempts: ofFunction },
    );
  });

  app.delete("/v1/runs/:id", async (c) => {
    await cancelRun(context, c.req.param("id"));
    return c.body(null, 200);
  });
}

function addAppRoutes(app: Hono<HttpEnv>, context: ServerContext): void {
  app.get("/v1/apps", (c) => {
    const { apps } = context.engine;
    const records = apps.list().map(({ id, url, sdk, framework, version, functions }) => {
      const syncedAt = apps.syncedAt(id);
      return {
        id: appUuid(id),
        name: id,
        url,
        sdk,
        framework,
        version,
        function_count: functions.length,
        synced_at: syncedAt === null ? null : isoTime(syncedAt),
      };
    });
    return envelope(c, records);
  });

  // Bare, as the wire has it.
  app.get("/v1/apps/:name/functions", (c) => {
    const { apps } = context.engine;
    const found = apps.list().find((one) => one.id === c.req.param("name"));
    if (found === undefined) throw notFound("App", c.req.param("name"));
    return c.json(found.functions.map((fn) => functionRecord(fn, apps)));
  });
}

async function eventOf(context: ServerContext, id: string): Promise<StoredEvent> {
  const event = isUlid(id) ? await context.store.getEvent(DEFAULT_ENV, id) : null;
  if (event === null) throw notFound("Event", id);
  return event;
}

async function runOf(context: ServerContext, id: string): Promise<RunRow> {
  const run = isUlid(id) ? await context.store.getRun(DEFAULT_ENV, id) : null;
  if (run === null) throw notFound("Run", id);
  return run;
}

async function runFilter(read: (name: string) => string | undefined, context: ServerContext): Promise<RunFilter> {
  return {
    env: DEFAULT_ENV,
    limit: readLimit(read, LIMIT_DEFAULT, RUNS_MAX),
    ...defined({
      statuses: statusesOf(readText(read, "status")),
      functionIds: await functionIdsOf(context, readText(read, "function"), readText(read, "app")),
      createdFrom: readTime(read, "from"),
      createdUntil: readTime(read, "until"),
      before: readCursor(read),
    }),
  };
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
async function functionIdsOf(
  context: ServerContext,
  fn: string | undefined,
  app: string | undefined,
): Promise<string[] | undefined> {
  if (fn === undefined && app === undefined) return undefined;
  const { functions } = await context.store.loadRegistry();
  const ids = functions
    .map((stored) => stored.fn)
    .filter((one) => (fn === undefined || one.slug === fn || one.id === fn) && (app === undefined || one.appId === app))
    .map((one) => one.id);
  if (ids.length === 0) throw notFound(fn === undefined ? "App" : "Function", fn ?? app!);
  return ids;
}

function startedRecord(run: RunRow, context: ServerContext): JsonObject {
  const slug = context.engine.apps.anyFunction(run.functionId)?.fn.slug ?? null;
  return {
    function_id: run.functionId,
    function_slug: slug,
    outcome: "started",
    reason: "",
    run_id: run.id,
    at: isoTime(run.createdAt),
  };
}

function notFound(what: string, id: string): StepwellError {
  return new StepwellError("not_found", { what: `${what} ${id.slice(0, 128)}` });
}

const reader = (c: Context<HttpEnv>) => (name: string) => c.req.query(name);

function envelope(c: Context<HttpEnv>, data: JsonValue, more: JsonObject = {}): Response {
  return c.json({ data, metadata: { fetched_at: new Date().toISOString(), cached_until: null }, ...more });
}

/** A page of a list; one record more than `limit` was asked for, to know whether there is another page. */
function page(c: Context<HttpEnv>, records: readonly JsonObject[], limit: number, last: string | undefined): Response {
  const hasMore = records.length > limit;
  return envelope(c, records.slice(0, limit), {
    page: { limit, has_more: hasMore, cursor: hasMore ? (last ?? null) : null },
  });
}

function defined<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as never;
}
