/** The commands that act on runs, against a real server in this process. */
import { describe, expect, test } from "vitest";
import { commandSays } from "../../test/cli/recording.ts";
import { answer, ask, post, registration, startApp, startTestServer } from "../../test/server/harness.ts";

const SLEEP = { op: "Sleep", id: "a".repeat(40), name: "1h", displayName: "nap", opts: {} };
const SIGNAL = { signal: "approve", timeout: "1h" };
const WAIT = { op: "WaitForSignal", id: "b".repeat(40), name: "approve", displayName: "ok", opts: SIGNAL };

/** A server with functions that sleep, fail, wait for a signal and return; and the command on it. */
async function served() {
  const server = await startTestServer();
  const app = await startApp((call, response) => {
    if (call.url.includes("sleepy")) return answer(response, 206, [SLEEP]);
    if (call.url.includes("signal")) {
      const done = call.json.steps[WAIT.id];
      return done === undefined ? answer(response, 206, [WAIT]) : answer(response, 200, done);
    }
    if (call.url.includes("quick")) return answer(response, 200, { fine: true });
    response.setHeader("x-inngest-no-retry", "true");
    return answer(response, 400, { name: "Error", message: "no luck" });
  });
  const names = ["shop-sleepy", "shop-failing", "shop-signal", "shop-quick"];
  const { functions, ...rest } = registration(app.url, names) as { functions: object[] };
  const own = functions.map((fn, index) => ({ ...fn, triggers: [{ event: names[index] }] }));
  await post(`${server.url}/fn/register`, { ...rest, functions: own });
  const run = (...args: string[]) => commandSays([...args, "--url", server.url]);
  const json = async (...args: string[]) => {
    const { code, out, err } = await run(...args, "--json");
    expect([code, err]).toEqual([0, ""]);
    return JSON.parse(out) as never;
  };
  /** Sends the event of a function so many times; the ids of the runs. */
  const start = async (name: string, count = 1) => {
    const events = Array.from({ length: count }, (_, n) => ({ name, data: { n } }));
    const sent = await post(`${server.url}/e/k`, events);
    const ids = sent.json.ids.map(async (id) => (await ask(`${server.url}/v1/events/${id}/runs`)).json.data[0]!.run_id);
    return Promise.all(ids);
  };
  const count = async (status: string) =>
    ((await json("runs", "list", "--status", status)) as { data: unknown[] }).data.length;
  return { ...server, run, json, start, count };
}

describe("runs cancel", () => {
  test("by ids tells each, and what could not be done", async () => {
    const { run, json, start } = await served();
    const [one, two, three] = await start("shop-sleepy", 3);
    expect(await json("runs", "cancel", one!)).toEqual({ run_id: one, status: "Cancelled" });
    const { code, out, err } = await run("runs", "cancel", one!, two!, three!);
    expect(out.split("\n")).toEqual([`⊘ cancelled ${two}`, `⊘ cancelled ${three}`]);
    expect([code, err]).toEqual([1, expect.stringContaining("already ended")]);
  });

  test("by filter counts first, and does it only when it may", async () => {
    const { run, start, count } = await served();
    await start("shop-sleepy", 4);
    const filter = ["runs", "cancel", "--function", "shop-sleepy", "--if", "event.data.n > 0"];
    expect((await run(...filter, "--dry-run")).out).toBe("3 runs would be cancelled");
    const refused = await run(...filter);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("Cancel 3 runs? Nobody can answer here: pass --yes");
    expect(await count("cancelled")).toBe(0);
    const { code, out } = await run(...filter, "--yes", "--follow");
    expect([code, out.split("\n").at(-1)]).toEqual([0, expect.stringMatching(/^✓ completed cancel 3 of 3 runs {2}01/)]);
    expect(await count("cancelled")).toBe(3);
    expect((await run(...filter, "--yes")).out).toBe("no runs match");
  });

  test("wants ids or a filter, and not both", async () => {
    const { run } = await served();
    expect(await run("runs", "cancel")).toMatchObject({ code: 2, err: expect.stringContaining("name the runs") });
    expect(await run("runs", "cancel", "01J", "--app", "shop")).toMatchObject({ code: 2 });
    expect(await run("runs", "replay")).toMatchObject({ code: 2, err: expect.stringContaining("--status failed") });
    expect(await run("runs", "replay", "--rate", "0")).toMatchObject({ code: 2, err: expect.stringContaining("rate") });
  });
});

describe("repeating", () => {
  test("runs replay starts each run once and is found among the operations", async () => {
    const { run, json, start, runsEnded, count } = await served();
    await start("shop-failing", 3);
    await runsEnded(3);
    const filter = ["--status", "failed", "--app", "shop"];
    expect(await json("runs", "replay", ...filter, "--dry-run")).toEqual({ count: 3, is_more: false });
    const { id } = (await json("runs", "replay", ...filter, "--yes", "--rate", "1000")) as { id: string };
    await runsEnded(6);
    expect((await run("operations", "show", id, "--follow")).out).toMatch(/✓ completed replay 3 of 3 runs/);
    const shown = (await run("operations", "show", id)).out;
    expect(shown).toMatch(/began (now|\d+ s ago), took/);
    expect(shown).toContain("\n  status Failed\n  app shop\n  at most 1000 runs per second");
    expect((await run("operations")).out).toMatch(/✓ completed {2}replay {2}3 of 3 runs/);
    expect(await run("operations", "cancel", id)).toMatchObject({ code: 1, err: expect.stringContaining("ended") });
    expect(await count("failed")).toBe(6);
  });

  test("runs rerun starts a new run and follows it", async () => {
    const { run, json, start, runsEnded } = await served();
    const [id] = await start("shop-quick");
    await runsEnded(1);
    const again = (await json("runs", "rerun", id!)) as { run_id: string };
    expect(again).toMatchObject({ original_run_id: id });
    const { out } = await run("runs", "rerun", id!, "--follow");
    expect(out).toMatch(new RegExp(`repeats ${id}`));
    expect(out.split("\n").at(-1)).toContain("completed");
    expect(await run("runs", "rerun", id!, "--from-step", "none")).toMatchObject({ code: 1 });
  });

  test("runs rerun takes arguments only for a step, as a list", async () => {
    const { run } = await served();
    const refused = async (what: string, ...args: string[]) =>
      expect(await run("runs", "rerun", "01J", ...args)).toMatchObject({ code: 2, err: expect.stringContaining(what) });
    await refused("--from-step", "--input", "[]");
    await refused("a list of arguments", "--from-step", "a", "--input", "{}");
    await refused("not JSON", "--from-step", "a", "--input", "{");
  });

  test("runs resume takes up only what failed", async () => {
    const { run, json, start, runsEnded } = await served();
    const [failed] = await start("shop-failing");
    const [fine] = await start("shop-quick");
    await runsEnded(2);
    expect(await json("runs", "resume", failed!)).toEqual({ run_id: failed });
    expect(await run("runs", "resume", fine!)).toMatchObject({
      code: 1,
      err: expect.stringContaining("has not failed"),
    });
  });
});

describe("signals, invokes and pauses", () => {
  test("signal resumes the run that waits, or is kept", async () => {
    const { run, json, start, runsEnded } = await served();
    expect(await run("signal", "approve")).toMatchObject({ code: 1, err: expect.stringContaining("waits for") });
    const [id] = await start("shop-signal");
    await expect.poll(async () => (await run("runs", "show", id!)).out).toContain("waiting for signal approve");
    expect(await json("signal", "approve", '{"by":"ada"}')).toEqual({ run_id: id });
    await runsEnded(1);
    expect((await run("runs", "show", id!)).out).toContain('"by":"ada"');
    expect((await run("signal", "approve", "--ttl", "5m")).out).toContain("is kept");
    expect(await run("signal", "approve", "--ttl", "soon")).toMatchObject({ code: 2 });
  });

  test("invoke starts a function, and waits for its result", async () => {
    const { run, json } = await served();
    expect(await json("invoke", "shop-sleepy", '{"n":1}', "--id", "k")).toMatchObject({ is_new: true });
    expect((await run("invoke", "shop-sleepy", "--id", "k")).out).toContain("there is a run for this id");
    const { code, out } = await run("invoke", "shop-quick", "--wait", "30s");
    expect([code, out]).toEqual([0, expect.stringMatching(/^✓ completed in .*\noutput \{"fine":true\}$/)]);
    const failed = await run("invoke", "shop-failing", "--wait", "30s");
    expect(failed).toMatchObject({ code: 1, out: expect.stringMatching(/^✗ failed in .*\n {2}Error: no luck/) });
    expect(await run("invoke", "shop-quick", "[]")).toMatchObject({ code: 2 });
    expect(await run("invoke", "nobody")).toMatchObject({ code: 1, err: expect.stringContaining("nobody") });
  });

  test("functions and apps are listed, paused and resumed", async () => {
    const { run, json, start } = await served();
    expect((await run("functions", "pause", "shop-sleepy", "--mode", "skip")).out).toContain("leave skipped runs");
    const listed = (await run("functions")).out;
    expect(listed).toMatch(/shop-quick +active +shop-quick/);
    expect(listed).toMatch(/shop-sleepy +paused \(skip\) +shop-sleepy/);
    await run("functions", "resume", "shop-sleepy");
    expect((await run("functions")).out).not.toContain("paused");
    await run("apps", "pause", "shop");
    expect((await run("apps")).out).toMatch(/shop +paused \(hold\) +4 /);
    await start("shop-quick");
    expect(await json("apps", "resume", "shop")).toEqual({ app: "shop" });
    expect(await run("apps", "pause", "nobody")).toMatchObject({ code: 1 });
    expect(await run("apps", "pause", "shop", "--mode", "off")).toMatchObject({ code: 2 });
  });
});
