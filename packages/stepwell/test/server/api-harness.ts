/** The routes alone on a free port, with an engine that a test makes up, and answers held against their description. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { expect, onTestFinished } from "vitest";
import { Apps } from "../../src/core/apps.ts";
import type { Notice } from "../../src/core/batch.ts";
import { NO_FLOW } from "../../src/protocol/flow.ts";
import type { FunctionConfig } from "../../src/protocol/function.ts";
import { createIdSource } from "../../src/protocol/ids.ts";
import { Access, type AccessOptions } from "../../src/server/access/access.ts";
import type { ApiEngine } from "../../src/server/api/api-engine.ts";
import { replyBody } from "../../src/server/api/openapi.ts";
import { pathsOf, type Route } from "../../src/server/api/route.ts";
import { ROUTES } from "../../src/server/api/table.ts";
import type { ServerContext } from "../../src/server/context.ts";
import { createLog } from "../../src/server/log.ts";
import { createRoutes } from "../../src/server/routes.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { RunRow, Store } from "../../src/store/store.ts";
import { type Answer, ask } from "./harness.ts";

export const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZA";
export const OTHER_RUN = "01HZZZZZZZZZZZZZZZZZZZZZZB";

export function runRow(fields: Partial<RunRow> = {}): RunRow {
  return {
    id: RUN,
    env: "default",
    functionId: FUNCTION.id,
    eventIds: ["01HZZZZZZZZZZZZZZZZZZZZZE1"],
    cron: null,
    originalRunId: null,
    flow: null,
    parent: null,
    functionVersion: 1,
    status: "running",
    reason: null,
    notes: null,
    createdAt: 1_700_000_000_000,
    startAt: 1_700_000_000_000,
    startedAt: 1_700_000_000_000,
    endedAt: null,
    output: null,
    error: null,
    ...fields,
  };
}

export const FUNCTION: FunctionConfig = {
  id: "6f0cfdb5-5a1d-5e1c-9a3f-2c7d1f6f0001",
  slug: "shop-send",
  name: "Send",
  appId: "shop",
  triggers: [],
  retries: 4,
  url: "http://127.0.0.1:9/api?fnId=shop-send&stepId=step",
  cancelOn: [],
  timeouts: { startMs: null, finishMs: null, asFailure: false },
  flow: NO_FLOW,
  raw: {},
};

export interface ApiRig {
  readonly url: string;
  /** What the engine was asked, in order. */
  readonly asked: readonly (readonly [string, unknown])[];
  /** Rows that the store has, by id. */
  readonly runs: Map<string, RunRow>;
  notice(notice: Partial<Notice>): void;
  /** How many watch the engine's notices. */
  watchers(): number;
}

/** Routes whose engine gives these answers to its methods. */
export async function startApi(answers: { readonly [Name in keyof ApiEngine]?: unknown } = {}): Promise<ApiRig> {
  const asked: (readonly [string, unknown])[] = [];
  const runs = new Map<string, RunRow>([[RUN, runRow()]]);
  const watchers = new Set<(notices: readonly Notice[]) => void>();
  const app = { id: "shop", url: "http://127.0.0.1:9/api", sdk: "test:v1", framework: "", version: null };
  const apps = new Apps(
    [{ app: { ...app, functions: [] }, checksum: "", syncedAt: 0, paused: null }],
    [{ fn: FUNCTION, version: 1, isArchived: false, changedAt: 0, paused: null }],
  );
  const methods = Object.entries(answers).map(([name, answer]) => {
    const method = async (command: unknown): Promise<unknown> => {
      asked.push([name, command]);
      return answer;
    };
    return [name, method] as const;
  });
  const engine = {
    apps,
    isAccepting: true,
    watch(watcher: (notices: readonly Notice[]) => void) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    ...Object.fromEntries(methods),
  };
  const store: Partial<Store> = { getRun: async (_env, id) => runs.get(id) ?? null };
  const context = {
    kind: "dev",
    engine,
    store,
    access: await openAccess(),
    ids: createIdSource(() => 7),
    log: createLog({ format: "human", level: "silent" }),
  } as unknown as ServerContext;
  const server = createServer(getRequestListener(createRoutes(context).fetch, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    runs,
    notice: (notice) => {
      for (const watcher of watchers) watcher([notice as Notice]);
    },
    watchers: () => watchers.size,
  };
}

/** What nobody has to prove anything to, or what the options make of it. */
export function openAccess(options: Partial<AccessOptions> = {}): Promise<Access> {
  return Access.open({
    store: new MemoryStore(),
    kind: "dev",
    host: "127.0.0.1",
    publicUrl: null,
    trustProxy: false,
    signingKeys: [],
    eventKeys: [],
    ids: createIdSource(() => 7),
    log: createLog({ format: "human", level: "silent" }),
    ...options,
  });
}

/** The table's entry for a request. */
function routeOf(method: string, path: string): Route {
  const fits = (pattern: string) => new RegExp(`^${pattern.replace(/:\w+/g, "[^/]+")}$`).test(path);
  const exact = ROUTES.find((route) => route.method === method && pathsOf(route).includes(path));
  const found = exact ?? ROUTES.find((route) => route.method === method && pathsOf(route).some(fits));
  if (found === undefined) throw new Error(`no route for ${method} ${path}`);
  return found;
}

/** One request whose answer must be one that the description of its route has: status, fields, and no others. */
export async function askChecked(url: string, method = "GET", body?: unknown): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const answer = await ask(url, {
    method,
    ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
  });
  expectDescribed(method, new URL(url).pathname, answer);
  return answer;
}

export function expectDescribed(method: string, path: string, answer: Answer): void {
  const route = routeOf(method, path);
  const reply = route.replies[answer.status];
  expect(reply, `${method} ${path} answered ${answer.status}: ${answer.text}`).toBeDefined();
  const schema = replyBody(reply!, route.family);
  if (schema === null) return;
  // A schema drops what it does not know: what is left is what was there only if all of it is described.
  expect(schema.parse(answer.json)).toEqual(answer.json);
}
