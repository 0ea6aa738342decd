/** The table and the server say the same: each route of one is a route of the other. */
import { describe, expect, test } from "vitest";
import { ask, SIGNING_KEY, startKeyedServer, startTestServer } from "../../../test/server/harness.ts";
import type { ServerContext } from "../context.ts";
import { createRoutes } from "../routes.ts";
import { pathsOf } from "./route.ts";
import { ROUTES } from "./table.ts";

const addresses = ROUTES.flatMap((route) => pathsOf(route).map((path) => ({ route, path })));
const raw = addresses.filter(({ route }) => route.handler === null);

/** A path that fits a route. */
const filled = (path: string) => path.replace(/:\w+/g, "01HZZZZZZZZZZZZZZZZZZZZZZZ");

describe("the table", () => {
  test("has each route and each operation id once", () => {
    const keys = addresses.map(({ route, path }) => `${route.method} ${path.replace(/:\w+/g, ":")}`);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    const ids = ROUTES.map((route) => route.operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test("declares the parameters of each path, and no others", () => {
    for (const { route, path } of addresses) {
      const named = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]);
      expect([path, named.sort()]).toEqual([path, Object.keys(route.params).sort()]);
    }
  });

  test("lets nobody change anything without the right to, and reading needs no more than that", () => {
    const rest = ROUTES.filter((route) => route.tag !== "Access" && route.path !== "/e/:key");
    const wrong = rest.filter(({ method, scope }) => {
      return method === "GET" ? scope === "operate" || scope === "admin" : scope === "public" || scope === "read";
    });
    expect(wrong.map((route) => route.operationId)).toEqual([]);
    const open = ROUTES.filter((route) => route.scope === "public").map((route) => `${route.method} ${route.path}`);
    expect(open.sort()).toEqual([
      "DELETE /v1/session",
      "GET /",
      "GET /api/v2/health",
      "GET /assets/:file",
      "GET /health",
      "GET /runs/:id",
      "GET /v1/http/runs/:run/output",
      "GET /v1/openapi.json",
      "GET /v1/realtime/connect",
      "GET /v1/realtime/sse",
      "GET /v1/session",
      "POST /e/:key",
      "POST /v1/session",
      "POST /v1/setup",
      "POST /v1/setup/look",
    ]);
  });

  test("lets only admins say who may do what, and every user look after the own password", () => {
    const own = ROUTES.filter((route) => route.tag === "Access" && !["public", "admin"].includes(route.scope));
    expect(own.map((route) => route.operationId)).toEqual(["changePassword"]);
  });

  test("lets pages of any origin ask only where no cookie opens anything", () => {
    const any = ROUTES.filter((route) => route.origins === "any");
    expect(any.map((route) => [route.operationId, route.scope])).toEqual([
      ["sendEvents", "public"],
      ["getEndpointOutput", "public"],
      ["followRealtime", "public"],
      ["connectRealtime", "public"],
    ]);
  });

  test("leaves no audit row only for what apps do, and for looking", () => {
    const silent = ROUTES.filter((route) => route.method !== "GET" && route.audit === "none");
    expect(silent.map((route) => route.operationId)).toEqual([
      "sendEvents",
      "saveCheckpoint",
      "createEndpointRun",
      "saveEndpointSteps",
      "publishEndpointStream",
      "createRealtimeToken",
      "publishRealtime",
      "sendLogs",
      "lookAtLink",
    ]);
  });

  test("says the form of a family by its path", () => {
    const familyOf = (path: string) =>
      /^\/(?:api\/)?v2\//.test(path) ? "v2" : path.startsWith("/v1/") ? "v1" : "bare";
    const wrong = addresses.filter(({ route, path }) => route.family !== "bare" && route.family !== familyOf(path));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe("the server", () => {
  test("has exactly the table's routes on its router", () => {
    const app = createRoutes({} as ServerContext);
    const mounted = app.routes.filter((one) => one.method !== "ALL").map((one) => `${one.method} ${one.path}`);
    const tabled = addresses.filter(({ route }) => route.handler !== null);
    expect(mounted.sort()).toEqual(tabled.map(({ route, path }) => `${route.method} ${path}`).sort());
    // What is left: the plain word to those who read the address for events.
    expect(app.routes.filter((one) => one.method === "ALL").map((one) => one.path)).toEqual(["/e/:key"]);
  });

  test("answers the raw routes before its router", async () => {
    const server = await startKeyedServer();
    for (const { route, path } of raw) {
      const answer = await ask(server.url + filled(path), {
        method: route.method,
        body: route.method === "GET" ? "" : "{}",
      });
      expect([path, answer.status]).toEqual([path, 401]);
    }
  });

  test("lets a stranger in nowhere but where the table says so", async () => {
    const server = await startKeyedServer();
    const closed = addresses.filter(({ route }) => route.scope !== "public");
    for (const { route, path } of closed) {
      const answer = await ask(server.url + filled(path), { method: route.method });
      expect([route.method, path, answer.status]).toEqual([route.method, path, 401]);
    }
    for (const path of ["/v1/no", "/api/v2/no", "/v2/no", "/v0/no", "/fn/no", "/invoke/a/b"]) {
      expect([path, (await ask(server.url + path)).status]).toEqual([path, 401]);
      const headers = { authorization: `Bearer ${SIGNING_KEY}` };
      expect([path, (await ask(server.url + path, { headers })).status]).toEqual([path, 404]);
    }
  });

  test("tells errors of /v2 in its own form", async () => {
    const server = await startTestServer();
    for (const path of ["/api/v2/no", "/v2/runs/no", "/v2/runs?limit=many"]) {
      expect((await ask(server.url + path)).json).toEqual({
        errors: [{ code: expect.any(String), message: expect.any(String) }],
      });
    }
  });
});
