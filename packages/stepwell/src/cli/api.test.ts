import { afterEach, expect, test, vi } from "vitest";
import { ApiClient } from "./api.ts";

afterEach(() => vi.unstubAllGlobals());

function client(answer: () => Response): ApiClient {
  vi.stubGlobal("fetch", async () => answer());
  return new ApiClient({ url: "http://localhost:3000/?token=tok123", json: false }, {});
}

const calls: readonly [string, (api: ApiClient) => Promise<unknown>][] = [
  ["a record", (api) => api.get("/v1/runs/01J")],
  ["a list", (api) => api.list("/v1/runs", {}, 20)],
  ["sending", (api) => api.send("key", "[]", "seed")],
];

test.each(calls)("%s: an app that answers instead of a server is told as such", async (_what, call) => {
  const answer = () => Response.json({ message: "hello" }, { headers: { "x-inngest-sdk": "js:v1" } });
  const error = await call(client(answer)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "server_refused", details: { url: "http://localhost:3000" } });
  expect(String(error)).toContain("this is an app, not a Stepwell server");
});

test.each(calls)("%s: an answer of another shape is not read", async (_what, call) => {
  for (const body of [null, [], { data: "x", ids: [] }, { data: null }]) {
    await expect(call(client(() => Response.json(body)))).rejects.toThrow("this is not a Stepwell server");
  }
  await expect(call(client(() => new Response("<html>")))).rejects.toMatchObject({ code: "server_refused" });
});

test("cancelling a run at an app is no success", async () => {
  const answer = () => new Response(null, { status: 200, headers: { "x-inngest-sdk": "js:v1" } });
  await expect(client(answer).delete("/v1/runs/01J")).rejects.toMatchObject({ code: "server_refused" });
});
