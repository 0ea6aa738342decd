import { expect, test } from "vitest";
import { commandSays } from "../../test/cli/recording.ts";
import { answer, ask, post, registration, startApp, startTestServer } from "../../test/server/harness.ts";

const SLEEP = { op: "Sleep", id: "a".repeat(40), name: "1h", displayName: "nap", opts: {} };

/** A server whose function sleeps, one run at a time, and the command on it. */
async function served() {
  const server = await startTestServer();
  const app = await startApp((_call, response) => answer(response, 206, [SLEEP]));
  const { functions, ...rest } = registration(app.url, ["shop-nap"]) as { functions: object[] };
  const own = functions.map((fn) => ({ ...fn, triggers: [{ event: "nap" }], concurrency: { fn: [{ limit: 1 }] } }));
  await post(`${server.url}/fn/register`, { ...rest, functions: own });
  const { ids } = (await post(`${server.url}/e/k`, [{ name: "nap" }, { name: "nap" }])).json;
  await server.notice(({ kind }) => kind === "run_started");
  const runs = await Promise.all(
    ids.map(async (id) => (await ask(`${server.url}/v1/events/${id}/runs`)).json.data[0]!.run_id),
  );
  const run = (...args: string[]) => commandSays(["explain", ...args, "--url", server.url]);
  return { run, ids, runs };
}

test("a run that waits is told with the limit and its holder", async () => {
  const { run, runs } = await served();
  const { code, out } = await run(runs[1]!);
  expect(code).toBe(0);
  expect(out).toContain(`shop-nap  · queued  ${runs[1]}`);
  expect(out).toContain(
    "• Its start waits for a place at run concurrency 1, of this function; 1 of 1 places are taken",
  );
  expect(out).toContain(`run ${runs[0]} since`);
});

test("an event is told when the id is not a run's", async () => {
  const { run, ids } = await served();
  const { out } = await run(ids[0]!);
  expect(out.split("\n").slice(0, 2)).toEqual([`nap  ${ids[0]}`, "It started 1 run."]);
});

test("a function is told by its lanes and limits", async () => {
  const { run, runs } = await served();
  const { out } = await run("shop-nap");
  expect(out).toContain("1 start and 0 calls of shop-nap wait for their turn.");
  expect(out).toMatch(/\(no key\) +start +1 +01\w+ +run concurrency 1, of this function/);
  expect(out).toContain(runs[0]);
});

test("with --json it is the record, and what does not exist ends with an error", async () => {
  const { run, runs } = await served();
  expect(JSON.parse((await run(runs[0]!, "--json")).out)).toMatchObject({ run_id: runs[0], reasons: [{}] });
  expect((await run("01HZZZZZZZZZZZZZZZZZZZZZZZ")).code).toBe(1);
});
