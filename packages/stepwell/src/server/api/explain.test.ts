import { expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import { answer, ask, post, registration, startApp, startTestServer } from "../../../test/server/harness.ts";

const SLEEP = { op: "Sleep", id: "a".repeat(40), name: "1h", displayName: "nap", opts: {} };

/** A server with a function whose runs sleep, one at a time; the ids of the events of three. */
async function busy() {
  const server = await startTestServer();
  const app = await startApp((_call, response) => answer(response, 206, [SLEEP]));
  const { functions, ...rest } = registration(app.url, ["shop-nap"]) as { functions: object[] };
  const own = functions.map((fn) => ({ ...fn, triggers: [{ event: "nap" }], concurrency: { fn: [{ limit: 1 }] } }));
  await post(`${server.url}/fn/register`, { ...rest, functions: own });
  const sent = await post(`${server.url}/e/k`, [{ name: "nap" }, { name: "nap" }, { name: "nip" }]);
  await server.notice(({ kind }) => kind === "run_started");
  const runOf = async (eventId: string) => (await ask(`${server.url}/v1/events/${eventId}/runs`)).json.data[0]!.run_id;
  return { ...server, events: sent.json.ids, runOf };
}

test("a run, an event, a function and the whole queue are explained as described", async () => {
  const { url, events, runOf } = await busy();
  const first = await askChecked(`${url}/v1/runs/${await runOf(events[0]!)}/explain`);
  expect(first.json.data).toMatchObject({ status: "Running", function_slug: "shop-nap" });
  const second = await askChecked(`${url}/v1/runs/${await runOf(events[1]!)}/explain`);
  expect(second.json.data).toMatchObject({
    status: "Scheduled",
    reasons: [{ code: "run_concurrency", gate: { limit: 1, holders: [{ run_id: await runOf(events[0]!) }] } }],
  });
  const event = await askChecked(`${url}/v1/events/${events[2]}/explain`);
  expect(event.json.data).toMatchObject({ outcomes: [], closest_names: ["nap"] });
  const fn = await askChecked(`${url}/v1/functions/shop-nap/queue`);
  expect(fn.json.data).toMatchObject({ waiting_starts: 1, lanes: [{ phase: "start", jobs: 1 }] });
  const queue = await askChecked(`${url}/v1/queue`);
  expect(queue.json.data).toMatchObject({
    function_count: 1,
    functions: [{ function_slug: "shop-nap", blocked_lanes: 1 }],
  });
});

test("what is not there is not found", async () => {
  const { url } = await startTestServer();
  for (const path of ["runs/no/explain", "events/01HZZZZZZZZZZZZZZZZZZZZZZZ/explain", "functions/no/queue"]) {
    expect([path, (await ask(`${url}/v1/${path}`)).status]).toEqual([path, 404]);
  }
});
