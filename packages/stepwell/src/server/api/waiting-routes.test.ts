import { expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import { answer, ask, post, registration, startApp, startTestServer } from "../../../test/server/harness.ts";

const HASH = [..."abcd"].map((letter) => letter.repeat(40));

/** A server with functions whose runs sleep for an hour, wait for an event for a day, for a signal, and for a child. */
async function served() {
  const server = await startTestServer();
  const app = await startApp((call, response) => {
    const op = OPS.find(({ fn }) => call.url.includes(fn))!;
    return answer(response, 206, [op.request]);
  });
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-nap", "shop-wait", "shop-sign", "shop-parent"]));
  await post(`${server.url}/e/key`, { name: "test/go", data: {} });
  const waits = async (query = "") => await askChecked(`${server.url}/v1/waits${query}`);
  await expect.poll(async () => (await waits()).json.data).toHaveLength(4 + 1);
  return { ...server, waits };
}

const OPS = [
  { fn: "shop-nap", request: { op: "Sleep", id: HASH[0], name: "1h", displayName: "nap", opts: {} } },
  {
    fn: "shop-wait",
    request: {
      op: "WaitForEvent",
      id: HASH[1],
      name: "paid",
      displayName: "payment",
      opts: { event: "paid", timeout: "1d", if: "async.data.id == 7" },
    },
  },
  {
    fn: "shop-sign",
    request: { op: "WaitForSignal", id: HASH[2], name: "go", displayName: "go", opts: { signal: "go", timeout: "2d" } },
  },
  {
    fn: "shop-parent",
    request: {
      op: "InvokeFunction",
      id: HASH[3],
      name: "child",
      displayName: "child",
      opts: { function_id: "shop-nap", payload: {}, timeout: "3d" },
    },
  },
] as const;

test("what sleeps and waits is listed, what goes on next first, with for what and until when", async () => {
  const { waits } = await served();
  const { json } = await waits();
  const data = json.data as unknown as { kind: string; function_slug: string; child_run_id: string | null }[];
  expect(data.map(({ kind, function_slug: slug }) => `${slug} ${kind}`)).toEqual([
    "shop-nap sleep",
    "shop-nap sleep",
    "shop-wait event",
    "shop-sign signal",
    "shop-parent run",
  ]);
  expect(data[2]).toMatchObject({
    step: { id: HASH[1], name: "payment", index: 0 },
    names: ["paid"],
    expression: "async.data.id == 7",
  });
  expect(data[3]).toMatchObject({ names: ["go"], expression: null });
  expect(data[4]!.child_run_id).not.toBeNull();
});

test("a page ends where the next begins, by kind and by function", async () => {
  const { waits, url } = await served();
  const { json: first } = await waits("?limit=2");
  const { cursor } = first.page as unknown as { cursor: string };
  const { json: second } = await waits(`?limit=3&cursor=${encodeURIComponent(cursor)}`);
  expect([first.data, second.data]).toMatchObject([{ length: 2 }, { length: 3 }]);
  expect(second.page).toMatchObject({ cursor: null, has_more: false });
  expect((await waits("?kind=signal")).json.data).toHaveLength(1);
  expect((await waits("?function=shop-nap&kind=sleep")).json.data).toHaveLength(2);
  expect((await ask(`${url}/v1/waits?cursor=nonsense`)).status).toBe(400);
  expect((await ask(`${url}/v1/waits?kind=naps`)).status).toBe(400);
});
