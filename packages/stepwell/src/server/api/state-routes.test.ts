import { describe, expect, test } from "vitest";
import {
  type AppCall,
  answer,
  ask,
  post,
  registration,
  SIGNING_KEY,
  startApp,
  startKeyedServer,
  startTestServer,
  stepRun,
  type TestServer,
} from "../../../test/server/harness.ts";

/** A run whose first call has two steps saved and waits for the test to let it go on. */
async function heldRun(server: TestServer, headers: Record<string, string> = {}) {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived = (_call: AppCall) => {};
  const call = new Promise<AppCall>((resolve) => {
    arrived = resolve;
  });
  const app = await startApp(async (seen, response) => {
    arrived(seen);
    await released;
    answer(response, 200, Object.keys(seen.json.steps).length);
  });
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]), headers);
  await post(`${server.url}/e/event-key-1`, { name: "test/go", id: "order-7", data: { n: 1 } });
  const { json } = await call;
  return { ctx: json.ctx, release };
}

describe("state of a run for the app that executes it", () => {
  test("events and memos are bare JSON while the run goes on, and gone when it has ended", async () => {
    const server = await startTestServer();
    const { ctx, release } = await heldRun(server);
    const save = await post(`${server.url}/v1/checkpoint/${ctx.run_id}/async`, {
      run_id: ctx.run_id,
      qi_id: ctx.qi_id,
      generation_id: ctx.generation_id,
      steps: [stepRun("a", { x: 1 }), stepRun("b", null)],
    });
    expect(save.status).toBe(200);
    const batch = await ask(`${server.url}/v0/runs/${ctx.run_id}/batch`);
    expect(batch.json).toMatchObject([{ name: "test/go", id: "order-7", data: { n: 1 } }]);
    const actions = await ask(`${server.url}/v0/runs/${ctx.run_id}/actions`);
    expect(actions.json).toEqual({ ["a".repeat(40)]: { data: { x: 1 } }, ["b".repeat(40)]: { data: null } });
    release();
    await server.notice((notice) => notice.kind === "run_ended");
    const gone = await ask(`${server.url}/v0/runs/${ctx.run_id}/batch`);
    expect(gone.json).toMatchObject({ status: 410, code: "run_state_gone", error: expect.any(String) });
  });
});

describe("checkpoints", () => {
  const body = (ctx: AppCall["json"]["ctx"], steps: readonly object[], generation = ctx.generation_id) => ({
    run_id: ctx.run_id,
    qi_id: ctx.qi_id,
    generation_id: generation,
    steps,
  });

  test("are also served below /v1/http/runs, with the plain key", async () => {
    const server = await startKeyedServer();
    const headers = { authorization: `Bearer ${SIGNING_KEY}` };
    const { ctx, release } = await heldRun(server, headers);
    const url = `${server.url}/v1/http/runs/${ctx.run_id}/async`;
    expect((await post(url, body(ctx, [stepRun("a", 1)]))).status).toBe(401);
    expect((await post(url, body(ctx, [stepRun("a", 1)]), headers)).status).toBe(200);
    release();
  });

  test("the same result again is fine; another result means that a second execution is about, and stops", async () => {
    const server = await startTestServer();
    const { ctx, release } = await heldRun(server);
    const url = `${server.url}/v1/checkpoint/${ctx.run_id}/async`;
    expect((await post(url, body(ctx, [stepRun("a", 1)]))).status).toBe(200);
    expect((await post(url, body(ctx, [stepRun("a", 1)]))).status).toBe(200);
    expect((await post(url, body(ctx, [stepRun("a", 2)]))).json.code).toBe("stale_dispatch");
    expect((await ask(`${server.url}/v0/runs/${ctx.run_id}/actions`)).json).toEqual({ ["a".repeat(40)]: { data: 1 } });
    release();
  });

  test("an older call is told that it was superseded", async () => {
    const server = await startTestServer();
    const { ctx, release } = await heldRun(server);
    const stale = await post(
      `${server.url}/v1/checkpoint/${ctx.run_id}/async`,
      body(ctx, [stepRun("a", 1)], ctx.generation_id - 1),
    );
    expect(stale.json).toMatchObject({ status: 409, code: "stale_dispatch" });
    expect((await ask(`${server.url}/v0/runs/${ctx.run_id}/actions`)).json).toEqual({});
    release();
  });

  test("what only the end of a call may report is refused", async () => {
    const server = await startTestServer();
    const { ctx, release } = await heldRun(server);
    const sleep = { op: "Sleep", id: "c".repeat(40), name: "1s" };
    const refused = await post(`${server.url}/v1/checkpoint/${ctx.run_id}/async`, body(ctx, [stepRun("a", 1), sleep]));
    expect(refused.json).toMatchObject({ status: 400, code: "op_unsupported" });
    release();
  });

  test("a result that is too large is named, and ends the run", async () => {
    const server = await startTestServer();
    const { ctx, release } = await heldRun(server);
    const big = stepRun("a", "x".repeat(5 * 1024 * 1024));
    const refused = await post(`${server.url}/v1/checkpoint/${ctx.run_id}/async`, body(ctx, [big]));
    expect(refused.json).toMatchObject({ status: 413, code: "step_output_too_large" });
    const run = await ask(`${server.url}/v1/runs/${ctx.run_id}`);
    expect(run.json.data).toMatchObject({ status: "Failed", output: { code: "step_output_too_large" } });
    release();
  });
});

describe("cancelling", () => {
  test("a run that goes on is cancelled once; afterwards it has ended", async () => {
    const server = await startTestServer();
    const { ctx, release } = await heldRun(server);
    const cancelled = await ask(`${server.url}/v1/runs/${ctx.run_id}`, { method: "DELETE" });
    expect([cancelled.status, cancelled.text]).toEqual([200, ""]);
    expect((await ask(`${server.url}/v1/runs/${ctx.run_id}`)).json.data).toMatchObject({ status: "Cancelled" });
    const again = await ask(`${server.url}/v1/runs/${ctx.run_id}`, { method: "DELETE" });
    expect(again.json).toMatchObject({ status: 409, code: "run_ended", error: expect.stringContaining("Cancelled") });
    release();
  });
});
