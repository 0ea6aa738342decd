import { expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import {
  answer,
  ask,
  post,
  registration,
  SIGNING_KEY,
  startApp,
  startKeyedServer,
  startTestServer,
} from "../../../test/server/harness.ts";

/** A server with a function whose runs fail at once, and one whose runs sleep for an hour. */
async function served() {
  const server = await startTestServer();
  const app = await startApp((call, response) => {
    if (call.url.includes("sleepy")) {
      const sleep = { op: "Sleep", id: "a".repeat(40), name: "1h", displayName: "nap", opts: {} };
      return answer(response, 206, [sleep]);
    }
    response.setHeader("x-inngest-no-retry", "true");
    return answer(response, 400, { name: "Error", message: "no" });
  });
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-sleepy", "shop-failing"]));
  const send = async (n: number) => {
    await post(`${server.url}/e/key`, { name: "test/go", data: { n } });
  };
  const ended = async (id: string) => {
    let record: unknown;
    await expect
      .poll(async () => {
        const { json } = await askChecked(`${server.url}/v1/operations/${id}`);
        record = json.data;
        return (json.data as unknown as { status: string }).status;
      })
      .not.toBe("Running");
    return record;
  };
  const operate = (body: object) => askChecked(`${server.url}/v1/operations`, "POST", body);
  return { ...server, send, ended, operate };
}

const idOf = ({ json }: { readonly json: unknown }) => (json as { data: { id: string } }).data.id;

test("open runs are counted, cancelled by filter, and the operation says how far it is", async () => {
  const { url, send, operate, ended } = await served();
  for (const n of [1, 2, 3]) await send(n);
  const filter = { function: "shop-sleepy", status: ["running", "Scheduled"], if: "event.data.n >= 2" };
  const preview = await operate({ kind: "cancel", filter, dry_run: true });
  expect([preview.status, preview.json.data]).toEqual([200, { count: 2, is_more: false }]);
  const started = await operate({ kind: "cancel", filter });
  expect(started.status).toBe(202);
  expect(await ended(idOf(started))).toMatchObject({
    kind: "cancel",
    status: "Completed",
    filter: { function: ["shop-sleepy"], status: ["Running", "Scheduled"], app: null, if: "event.data.n >= 2" },
    progress: { total: 2, is_total_more: false, done: 2, failed: 0, skipped: 0, last_error: null },
  });
  const { json } = await ask(`${url}/v1/runs?status=cancelled`);
  expect(json.data).toHaveLength(2);
  expect((await askChecked(`${url}/v1/operations`)).json.data).toHaveLength(1);
});

test("ended runs are replayed at a rate, and that can be stopped", async () => {
  const { url, send, operate, runsEnded } = await served();
  for (const n of [1, 2, 3]) await send(n);
  await runsEnded(3);
  const id = idOf(await operate({ kind: "replay", filter: { app: "shop", status: "failed" }, per_second: 0.001 }));
  await runsEnded(4);
  const stopped = await askChecked(`${url}/v1/operations/${id}`, "DELETE");
  expect(stopped.json.data).toMatchObject({ status: "Cancelled", per_second: 0.001, progress: { total: 3, done: 1 } });
  expect((await ask(`${url}/v1/operations/${id}`, { method: "DELETE" })).json.code).toBe("operation_ended");
});

test("an operation under way goes on with the next server on the same store", async () => {
  const { store, operate, send, stop, runsEnded } = await served();
  for (const n of [1, 2, 3]) await send(n);
  await runsEnded(3);
  const id = idOf(await operate({ kind: "replay", filter: { status: "failed" }, per_second: 0.001 }));
  await runsEnded(4);
  await stop();
  const [row] = await store.loadOpenOperations();
  expect(row).toMatchObject({ id, status: "running" });
  const next = await startTestServer({ store });
  const going = await askChecked(`${next.url}/v1/operations/${id}`);
  expect(going.json.data).toMatchObject({ status: "Running", progress: { done: 1 } });
});

test("what cannot be meant is refused, and nothing begins", async () => {
  const { url } = await served();
  const refused = async (body: object, code: string, what: RegExp) => {
    const { json } = await post(`${url}/v1/operations`, body);
    expect([json.code, what.test(json.error)], JSON.stringify([body, json.error])).toEqual([code, true]);
  };
  await refused({ kind: "cancel" }, "body_invalid", /filter/);
  await refused({ kind: "cancel", filter: {} }, "body_invalid", /must name something/);
  await refused({ kind: "cancel", filter: { functoin: "a" } }, "body_invalid", /filter has no functoin/);
  await refused({ kind: "cancel", filter: { status: "failed" } }, "body_invalid", /only queued and running/);
  await refused({ kind: "replay", filter: { status: ["nope"] } }, "body_invalid", /"nope" is no status/);
  await refused({ kind: "replay", filter: { from: "soon" } }, "body_invalid", /filter.from must be a time/);
  await refused({ kind: "delete", filter: { app: "shop" } }, "body_invalid", /cancel, replay or resume/);
  await refused({ kind: "replay", filter: { app: "shop" }, per_second: 0 }, "body_invalid", /greater than 0/);
  await refused({ kind: "replay", filter: { app: "nobody" } }, "not_found", /App nobody/);
  await refused({ kind: "cancel", filter: { if: "event." } }, "expression_invalid", /event\./);
  expect((await askChecked(`${url}/v1/operations`)).json.data).toEqual([]);
});

test("the wire's form cancels the open runs of a function", async () => {
  const { url, send, ended } = await served();
  for (const n of [1, 2]) await send(n);
  const body = { app_id: "shop", function_id: "sleepy", if: "event.data.n == 2" };
  // What was sent within this millisecond is not before it.
  await expect.poll(async () => Date.now()).toBeGreaterThan(Date.now());
  const started = await askChecked(`${url}/v1/cancellations`, "POST", { ...body, started_before: Date.now() });
  expect(started.json.data).toMatchObject({ function_id: "shop-sleepy", started_after: null, if: body.if });
  const id = idOf(started);
  await ended(id);
  expect((await askChecked(`${url}/v1/cancellations/${id}`)).json.data).toMatchObject({ cancelled: 1 });
  await post(`${url}/v1/operations`, { kind: "cancel", filter: { app: "shop" } });
  expect((await askChecked(`${url}/v1/cancellations`)).json).toMatchObject({ data: [{ id }], page: { cursor: null } });
  expect((await askChecked(`${url}/v1/cancellations/${id}`, "DELETE")).json.data).toEqual({ ok: true });
});

test("the wire's form wants a time in the past, and a function", async () => {
  const { url } = await served();
  const code = async (body: object) => (await post(`${url}/v1/cancellations`, body)).json.code;
  const past = { app_id: "shop", started_before: "2020-01-01T00:00:00Z" };
  expect(await code({ ...past, function_id: "sleepy", started_before: "2100-01-01T00:00:00Z" })).toBe("body_invalid");
  expect(await code({ app_id: "shop", function_id: "sleepy" })).toBe("body_invalid");
  expect(await code(past)).toBe("body_invalid");
  expect(await code({ ...past, function_id: "nobody" })).toBe("not_found");
  const { json } = await ask(`${url}/v1/cancellations/01HZZZZZZZZZZZZZZZZZZZZZZZ`, { method: "DELETE" });
  expect(json.code).toBe("not_found");
});

test("strangers learn and do nothing", async () => {
  const { url } = await startKeyedServer();
  for (const path of ["/v1/operations", "/v1/cancellations"]) {
    expect((await ask(url + path)).status).toBe(401);
    expect((await post(url + path, {})).status).toBe(401);
    const headers = { authorization: `Bearer ${SIGNING_KEY}` };
    expect((await ask(url + path, { headers })).json.data).toEqual([]);
  }
});
