import pc from "picocolors";
import { expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import { answer, ask, post, registration, startApp, startTestServer } from "../../../test/server/harness.ts";
import { runCommand } from "../../cli/run-command.ts";
import type { JsonObject } from "../../protocol/json.ts";

/** A server with a function that debounces by key for an hour, and one that batches; what they were called with. */
async function served() {
  const server = await startTestServer();
  const called: unknown[][] = [];
  const app = await startApp((call, response) => {
    const { events } = call.json as unknown as { events: readonly { data: { n: number } }[] };
    called.push(events.map(({ data }) => data.n));
    return answer(response, 200, "done");
  });
  const { functions, ...rest } = registration(app.url, ["shop-reindex", "shop-load"]) as { functions: object[] };
  const options = [
    { triggers: [{ event: "changed" }], debounce: { period: "1h", key: "event.data.id" } },
    { triggers: [{ event: "row" }], batchEvents: { maxSize: 100, timeout: "1h" } },
  ];
  const own = functions.map((fn, index) => ({ ...fn, ...options[index] }));
  await post(`${server.url}/fn/register`, { ...rest, functions: own });
  const send = (name: string, ...data: JsonObject[]) =>
    post(
      `${server.url}/e/k`,
      data.map((one) => ({ name, data: one })),
    );
  const pending = async (query = "") =>
    (await askChecked(`${server.url}/v1/pending${query}`)).json.data as unknown as {
      run_id: string;
      function_slug: string;
    }[];
  return { ...server, called, send, pending };
}

test("debounces and batches are listed with their keys, how many events they have and when they begin", async () => {
  const { url, send, pending } = await served();
  await send("changed", { id: 7, n: 1 }, { id: 7, n: 2 }, { id: 8, n: 3 });
  await send("row", { n: 4 }, { n: 5 });
  expect(await pending()).toMatchObject([
    { kind: "batch", function_slug: "shop-load", rule: "batch of up to 100 in 1h", key: null, event_count: 2 },
    { kind: "debounce", rule: "debounce 1h per event.data.id = 8", key: "8", event_count: 1 },
    { kind: "debounce", rule: "debounce 1h per event.data.id = 7", key: "7", event_count: 1 },
  ]);
  const [batch] = await pending("?function=shop-load");
  expect(await pending("?function=shop-load")).toHaveLength(1);
  expect(await pending(`?cursor=${batch!.run_id}`)).toHaveLength(2);
  expect(await pending("?limit=1")).toHaveLength(1);
  const { json } = await askChecked(`${url}/v1/runs/${batch!.run_id}/explain`);
  expect(json.data).toMatchObject({
    reasons: [
      { code: "gathering", sentence: expect.stringContaining("(batch of up to 100 in 1h), 2 so far, until 20") },
    ],
  });
});

test("one is begun now, another discarded; both are pending no more", async () => {
  const { url, send, pending, called, runsEnded } = await served();
  await send("row", { n: 1 }, { n: 2 });
  await send("changed", { id: 7, n: 3 });
  const [debounce, batch] = await pending();
  expect((await askChecked(`${url}/v1/pending/${batch!.run_id}/run`, "POST", {})).status).toBe(200);
  expect((await askChecked(`${url}/v1/pending/${debounce!.run_id}`, "DELETE")).status).toBe(200);
  await runsEnded(2);
  expect(called).toEqual([[1, 2]]);
  expect(await pending()).toEqual([]);
  const again = await post(`${url}/v1/pending/${batch!.run_id}/run`, {});
  expect([again.status, again.json]).toMatchObject([409, { code: "run_not_pending" }]);
  expect((await ask(`${url}/v1/pending/01HZZZZZZZZZZZZZZZZZZZZZZA`, { method: "DELETE" })).status).toBe(404);
  const { json } = await askChecked(`${url}/v1/runs/${debounce!.run_id}`);
  expect(json.data).toMatchObject({ status: "Cancelled" });
});

test("the command lists them, begins and discards", async () => {
  const { url, send, pending, called, runsEnded } = await served();
  await send("changed", { id: 7, n: 1 }, { id: 8, n: 2 });
  const run = async (...args: string[]) => {
    const out: string[] = [];
    const print = (text: string) => void out.push(text);
    const terminal = {
      print,
      complain: print,
      colors: pc.createColors(false),
      columns: 200,
      isTty: false,
      now: Date.now,
    };
    const code = await runCommand(["pending", ...args, "--url", url], terminal, {});
    return { code, out: out.join("\n") };
  };
  const [second, first] = await pending();
  expect((await run()).out).toMatch(/shop-reindex +debounce 1h per event\.data\.id = 8 +1 +\S.*in 59 min +01/);
  expect(await run("run", first!.run_id)).toEqual({ code: 0, out: `▸ ${first!.run_id} begins` });
  expect(await run("discard", second!.run_id)).toEqual({ code: 0, out: `✕ ${second!.run_id} is discarded` });
  expect(await run("discard", second!.run_id)).toMatchObject({ code: 1 });
  await runsEnded(2);
  expect(called).toEqual([[1]]);
  expect((await run()).out).toBe("nothing gathers events");
});
