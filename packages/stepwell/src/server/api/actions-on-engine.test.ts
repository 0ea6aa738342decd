/** The actions on a real engine: what is asked over HTTP happens. */
import { describe, expect, test } from "vitest";
import { askChecked } from "../../../test/server/api-harness.ts";
import { answer, ask, post, registration, startApp, startTestServer, stepRun } from "../../../test/server/harness.ts";

type Handler = Parameters<typeof startApp>[0];

const idOf = (digit: string) => digit.repeat(40);

async function serving(handler: Handler, slugs: readonly string[], more: object = { retries: 0 }) {
  const server = await startTestServer();
  const app = await startApp(handler);
  await post(`${server.url}/fn/register`, registration(app.url, slugs, "test/go", more));
  return { ...server, app };
}

async function startedBy(url: string, event: object = { name: "test/go" }): Promise<string> {
  const sent = await post(`${url}/e/k`, event);
  const runs = await ask(`${url}/v1/events/${sent.json.ids[0]}/runs`);
  return runs.json.data[0]!.run_id;
}

describe("on a real engine", () => {
  test("an invocation waits for its result, and the same key gives it again", async () => {
    const { url, app } = await serving(
      ({ json }, response) => {
        const { event } = json as unknown as { event: { name: string; data: { n: number } } };
        answer(response, 200, { name: event.name, twice: event.data.n * 2 });
      },
      ["shop-a"],
    );
    const body = { data: { n: 21 }, wait: "10s", idempotency_key: "order-7" };
    const first = await askChecked(`${url}/v1/functions/shop-a/invoke`, "POST", body);
    expect([first.status, first.json.data]).toMatchObject([
      200,
      { status: "Completed", output: { name: "inngest/function.invoked", twice: 42 } },
    ]);
    const again = await askChecked(`${url}/v1/functions/shop-a/invoke`, "POST", body);
    expect([again.json.data.run_id, app.calls.length]).toEqual([first.json.data.run_id, 1]);
    const v2 = await askChecked(`${url}/v2/apps/shop/functions/a/invoke`, "POST", { data: { n: 1 }, wait: "10s" });
    expect(v2.json.data).toMatchObject({ result: { twice: 2 }, error: null, completedAt: expect.any(String) });
    const bySlug = await askChecked(`${url}/invoke/shop-a`, "POST", { data: { n: 1 } });
    const { id } = bySlug.json as unknown as { id: string };
    expect((await askChecked(`${url}/v1/events/${id}/runs`)).json.data).toHaveLength(1);
  });

  test("a signal resumes the run that waits, and one that comes early is kept", async () => {
    const { url, notice } = await serving(
      ({ json }, response) => {
        const memo = json.steps[idOf("a")];
        if (memo !== undefined) return answer(response, 200, memo);
        const wait = { op: "WaitForSignal", id: idOf("a"), name: "ok", opts: { signal: "ok", timeout: "1h" } };
        answer(response, 206, [wait]);
      },
      ["shop-a"],
    );
    expect((await post(`${url}/v1/signals`, { signal: "ok" })).json).toMatchObject({
      status: 404,
      code: "signal_unknown",
    });
    const runId = await startedBy(url);
    await expect.poll(async () => (await ask(`${url}/v1/runs/${runId}/steps`)).json.data.length).toBe(1);
    const steps = await askChecked(`${url}/v1/runs/${runId}/steps`);
    expect(steps.json.data).toMatchObject([{ kind: "signal", status: "Waiting" }]);
    const sent = await askChecked(`${url}/v1/signals`, "POST", { signal: "ok", data: { by: "ada" } });
    expect(sent.json.data).toEqual({ run_id: runId });
    await notice((one) => one.kind === "run_ended" && one.id === runId);
    expect((await askChecked(`${url}/v1/runs/${runId}`)).json.data.output).toMatchObject({
      data: { data: { by: "ada" } },
    });

    expect((await askChecked(`${url}/v1/signals`, "POST", { signal: "ok", data: 2, ttl: "1h" })).status).toBe(202);
    const second = await startedBy(url);
    await notice((one) => one.kind === "run_ended" && one.id === second);
    expect((await askChecked(`${url}/v1/runs/${second}`)).json.data).toMatchObject({ status: "Completed" });
  });

  test("a trace shows the run that a step invoked, below it", async () => {
    const { url, notice } = await serving(
      ({ url: target, json }, response) => {
        if (target.includes("shop-child")) return answer(response, 200, "from the child");
        if (json.steps[idOf("a")] !== undefined) return answer(response, 200, "done");
        const opts = { function_id: "shop-child", payload: { data: {} }, timeout: "1h" };
        answer(response, 206, [{ op: "InvokeFunction", id: idOf("a"), name: "ask", opts }]);
      },
      ["shop-child", "shop-parent"],
    );
    const started = await askChecked(`${url}/v1/functions/shop-parent/invoke`, "POST", {});
    const { run_id: runId } = started.json.data;
    await notice((one) => one.kind === "run_ended" && one.id === runId);
    const trace = await askChecked(`${url}/v2/runs/${runId}/trace?includeOutput=true`);
    expect(trace.json.data).toMatchObject({
      rootSpan: {
        output: "done",
        children: [
          {
            kind: "INVOKE",
            status: "COMPLETED",
            output: "from the child",
            children: [{ kind: "RUN", status: "COMPLETED", output: "from the child" }],
          },
        ],
      },
    });
    const { rootSpan } = trace.json.data as unknown as { rootSpan: { children: [{ childRunId: string }] } };
    const child = await askChecked(`${url}/v1/runs/${rootSpan.children[0].childRunId}`);
    expect(child.json.data).toMatchObject({ parent_run_id: runId });
  });

  test("a failed run is resumed, and an ended one repeated from a step", async () => {
    let isBroken = true;
    const { url, app, notice, runsEnded } = await serving(
      ({ json }, response) => {
        const done = Object.keys(json.steps).filter((id) => /^(.)\1+$/.test(id)).length;
        if (done === 1 && isBroken) return answer(response, 400, { name: "Error", message: "down" });
        return done < 2 ? answer(response, 206, [stepRun(String(done), done)]) : answer(response, 200, "up");
      },
      ["shop-a"],
    );
    const runId = await startedBy(url);
    await notice((one) => one.kind === "run_ended" && one.id === runId);
    isBroken = false;
    expect((await askChecked(`${url}/v1/runs/${runId}/resume`, "POST")).json.data).toEqual({ run_id: runId });
    await runsEnded(2);
    expect((await askChecked(`${url}/v1/runs/${runId}`)).json.data).toMatchObject({ status: "Completed", resumes: 1 });
    const twice = await post(`${url}/v1/runs/${runId}/resume`, {});
    expect(twice.json).toMatchObject({ status: 409, code: "run_not_failed" });

    const before = app.calls.length;
    const from = { from_step: { step_id: idOf("1") } };
    const repeated = await askChecked(`${url}/v1/runs/${runId}/rerun`, "POST", from);
    await runsEnded(3);
    const rerun = await askChecked(`${url}/v1/runs/${repeated.json.data.run_id}`);
    expect(rerun.json.data).toMatchObject({ status: "Completed", original_run_id: runId });
    expect(Object.keys(app.calls[before]!.json.steps)).toContain(idOf("0"));
    const unknown = await post(`${url}/v2/runs/${runId}/rerun`, { fromStep: { stepId: "no such step" } });
    expect([unknown.status, unknown.json]).toMatchObject([404, { errors: [{ code: "step_unknown" }] }]);
  });

  test("a paused function holds its events until it is resumed", async () => {
    const { url, app, notice } = await serving((_call, response) => answer(response, 200, "ok"), ["shop-a"]);
    await askChecked(`${url}/v1/functions/shop-a/pause`, "POST");
    expect((await askChecked(`${url}/v1/functions/shop-a`)).json.data).toMatchObject({ paused: "hold" });
    const runId = await startedBy(url);
    expect((await askChecked(`${url}/v2/runs/${runId}`)).json.data).toMatchObject({ status: "QUEUED" });
    expect(app.calls).toHaveLength(0);
    await askChecked(`${url}/v1/functions/shop-a/resume`, "POST");
    await notice((one) => one.kind === "run_ended" && one.id === runId);

    await askChecked(`${url}/v1/apps/shop/pause`, "POST", { mode: "reject" });
    expect((await askChecked(`${url}/v2/apps/shop`)).json.data).toMatchObject({ paused: "reject" });
    const refused = await post(`${url}/v1/functions/shop-a/invoke`, {});
    expect(refused.json).toMatchObject({ status: 409, code: "function_paused" });
    await askChecked(`${url}/v1/apps/shop/resume`, "POST");
    expect((await askChecked(`${url}/v1/functions/shop-a/invoke`, "POST", { wait: "10s" })).status).toBe(200);
  });

  test("a run is cancelled once", async () => {
    const { url } = await serving(
      (_call, response) => {
        answer(response, 206, [{ op: "Sleep", id: idOf("a"), name: "1h" }]);
      },
      ["shop-a"],
    );
    const runId = await startedBy(url);
    expect((await askChecked(`${url}/v2/runs/${runId}/cancel`, "POST")).status).toBe(200);
    const again = await post(`${url}/v2/runs/${runId}/cancel`, {});
    expect([again.status, again.json]).toMatchObject([409, { errors: [{ code: "run_already_cancelled" }] }]);
    expect((await askChecked(`${url}/v1/runs/${runId}`)).json.data).toMatchObject({ status: "Cancelled" });
  });
});
