/** Whatever is sent to whichever route: an answer that is described, or a coded error in the form of its family; never a bug. */
import { expect, test } from "vitest";
import { ask, post, registration, startTestServer } from "../../../test/server/harness.ts";
import { ERRORS } from "../../protocol/errors.ts";
import { pathsOf, type Route } from "./route.ts";
import { ROUTES } from "./table.ts";

const IDS = [
  "%00",
  "%E0%A4%A",
  "..%2F..%2Fetc",
  "%F0%9F%92%A5",
  "x".repeat(8_000),
  "null",
  "__proto__",
  "01HZZZZZZZZZZZZZZZZZZZZZZZ",
];
const VALUES = ["%00", "%", "-1", "1e9", "99999999999999999999", "%27%3B--", "true", "y".repeat(4_000), "%ED%A0%80"];
const BODIES = [
  "",
  "null",
  "[]",
  "{}",
  "7",
  '"a"',
  "{",
  '{"a":1e999}',
  '{"data":{"t":"\\ud800"},"signal":"\\ud800","name":"\\u0000"}',
  '{"data":{"n":1e999},"signal":"s","ttl":1e999,"wait":1e999}',
  '{"data":[],"user":7,"mode":{},"from_step":[],"fromStep":"a","idempotency_key":[]}',
  '{"from_step":{"step_id":"a","input":[{"n":1e999}]},"fromStep":{"stepId":"a","input":["\\ud800"]}}',
  '{"__proto__":{"mode":"skip"},"constructor":1,"url":"javascript:alert(1)"}',
  '{"mode":"hold","wait":"1s2","idempotencyKey":"\\u0000","idempotency_key":"\\u0000","data":{}}',
];

/** The codes of an answer that refuses; null when it does not. */
function codesOf(route: Route, status: number, text: string): readonly unknown[] | null {
  if (status < 400) return null;
  const body = JSON.parse(text) as { code?: unknown; errors?: readonly { code: unknown }[] };
  return route.family === "v2" ? (body.errors ?? []).map((one) => one.code) : [body.code];
}

function* requests(route: Route): Generator<{ readonly path: string; readonly body?: string }> {
  for (const path of pathsOf(route)) {
    for (const id of path.includes(":") ? IDS : [""]) yield { path: path.replace(/:\w+/g, id) };
    const real = path
      .replace(":function", "a")
      .replace(/:(?:app|name)/, "shop")
      .replace(/:\w+/, "shop-a");
    for (const name of [...Object.keys(route.query), "unknown"]) {
      for (const value of VALUES) yield { path: `${real}?${name}=${value}&${name}=${value}` };
    }
    if (route.body !== null) for (const body of BODIES) yield { path: real, body };
  }
}

test("every route refuses what is hostile with a code, and the server goes on", async () => {
  const { url, store } = await startTestServer();
  await post(`${url}/fn/register`, registration("http://127.0.0.1:9/api", ["shop-a"]));
  const routes = ROUTES.filter((route) => route.handler !== null && route.path !== "/fn/remove");
  let count = 0;
  for (const route of routes) {
    for (const { path, body } of requests(route)) {
      const headers = { "content-type": "application/json" };
      const answer = await ask(url + path, { method: route.method, headers, ...(body === undefined ? {} : { body }) });
      const said = `${route.method} ${path.slice(0, 100)} ${body ?? ""} answered ${answer.status} ${answer.text.slice(0, 300)}`;
      const codes = codesOf(route, answer.status, answer.text);
      expect(codes === null || codes.every((code) => String(code) in ERRORS), said).toBe(true);
      expect(codes, said).not.toEqual(["internal_error"]);
      count++;
    }
  }
  expect(count).toBeGreaterThan(1_000);
  expect((await ask(`${url}/health`)).status).toBe(200);
  expect(Object.getPrototypeOf({})).not.toHaveProperty("mode");
  await expect(store.counts()).resolves.toBeDefined();
});
