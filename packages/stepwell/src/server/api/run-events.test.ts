import { expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import { answer, post, registration, startApp, startTestServer } from "../../../test/server/harness.ts";

interface Listed {
  readonly event_id: string;
  readonly result: string | null;
  readonly retried_by?: string;
}

test("the events of a batch are listed in order, each with what became of it", async () => {
  const { url, runsEnded } = await startTestServer();
  const app = await startApp((call, response) => {
    const { events } = call.json as unknown as { events: readonly { data: { n: number } }[] };
    const results = events.map(({ data: { n } }) => {
      if (n === 1) return { data: "kept" };
      return { error: { message: `not ${n}` }, ...(n === 3 ? { retry: false } : {}) };
    });
    return answer(response, 200, { "stepwell/event_results": results });
  });
  const { functions, ...rest } = registration(app.url, ["shop-load"]) as { functions: object[] };
  const batched = functions.map((fn) => ({ ...fn, retries: 1, batchEvents: { maxSize: 3, timeout: "1h" } }));
  await post(`${url}/fn/register`, { ...rest, functions: batched });
  const sent = await post(
    `${url}/e/k`,
    [1, 2, 3].map((n) => ({ name: "test/go", data: { n } })),
  );
  await runsEnded(2);
  const runs = await askChecked(`${url}/v1/events/${String(sent.json.ids[1])}/runs`);
  const [last, first] = runs.json.data as unknown as { run_id: string; original_run_id?: string }[];
  expect(last).toMatchObject({ original_run_id: first!.run_id, event_attempt: 2, status: "Failed" });
  expect(first).toMatchObject({ status: "Failed", retried_by: last!.run_id, output: { code: "events_failed" } });
  const events = async (runId: string, query = "") =>
    (await askChecked(`${url}/v1/runs/${runId}/events${query}`)).json.data as unknown as Listed[];
  expect(await events(first!.run_id)).toMatchObject([
    { event_id: sent.json.ids[0], name: "test/go", result: "Completed", output: "kept" },
    { event_id: sent.json.ids[1], result: "Retried", error: { message: "not 2" }, retried_by: last!.run_id },
    { event_id: sent.json.ids[2], result: "Failed", error: { message: "not 3" } },
  ]);
  expect(await events(last!.run_id)).toMatchObject([{ event_id: sent.json.ids[1], result: "Failed" }]);
  const [page] = await events(first!.run_id, "?limit=1");
  expect(await events(first!.run_id, `?limit=1&cursor=${page!.event_id}`)).toMatchObject([{ result: "Retried" }]);
});
