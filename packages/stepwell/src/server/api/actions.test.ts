import { describe, expect, test } from "vitest";
import { askChecked, FUNCTION, OTHER_RUN, RUN, runRow, startApi } from "../../../test/server/api-harness.ts";
import { ask, post } from "../../../test/server/harness.ts";

const started = { kind: "started", runId: OTHER_RUN, eventId: "01HZZZZZZZZZZZZZZZZZZZZZE2" };

describe("signals", () => {
  test("resume the run that waits", async () => {
    const api = await startApi({ sendSignal: { runId: RUN, isBuffered: false } });
    const sent = await askChecked(`${api.url}/v1/signals`, "POST", { signal: "approve/7", data: { b: 1, a: [true] } });
    expect(sent.json.data).toEqual({ run_id: RUN });
    expect(api.asked).toEqual([["sendSignal", { signal: "approve/7", data: '{"a":[true],"b":1}', ttlMs: null }]]);
  });

  test("are 404 when nobody waits, and 202 when they are kept", async () => {
    const nobody = await startApi({ sendSignal: { runId: null, isBuffered: false } });
    const lost = await post(`${nobody.url}/v1/signals`, { signal: "s" });
    expect(lost.json).toMatchObject({ status: 404, code: "signal_unknown", error: expect.any(String) });
    const kept = await startApi({ sendSignal: { runId: null, isBuffered: true } });
    expect((await askChecked(`${kept.url}/v1/signals`, "POST", { signal: "s", ttl: "1h" })).status).toBe(202);
    expect(kept.asked[0]).toEqual(["sendSignal", { signal: "s", data: "null", ttlMs: 3_600_000 }]);
  });

  test("that cannot be are refused, and nothing is asked", async () => {
    const api = await startApi({ sendSignal: { runId: RUN, isBuffered: false } });
    const bad = [
      {},
      { signal: 7 },
      { signal: "" },
      { signal: "a\u0000b" },
      { signal: "x".repeat(1_025) },
      { signal: "s", ttl: "soon" },
      { signal: "s", ttl: -1 },
      { signal: "s", ttl: "400d" },
    ];
    for (const body of bad) {
      expect((await post(`${api.url}/v1/signals`, body)).json, JSON.stringify(body)).toMatchObject({
        status: 400,
        code: "body_invalid",
      });
    }
    const outOfRange = await ask(`${api.url}/v1/signals`, { method: "POST", body: '{"signal":"s","data":1e999}' });
    expect(outOfRange.json).toMatchObject({ status: 400, code: "body_invalid" });
    const large = await post(`${api.url}/v1/signals`, { signal: "s", data: "x".repeat(3 * 1024 * 1024) });
    expect(large.json).toMatchObject({ status: 413, code: "signal_too_large" });
    expect(api.asked).toEqual([]);
  });
});

describe("runs", () => {
  test("are repeated, whole or from a step with other arguments", async () => {
    const api = await startApi({ rerun: started });
    const whole = await askChecked(`${api.url}/v1/runs/${RUN}/rerun`, "POST");
    expect(whole.json.data).toEqual({ run_id: OTHER_RUN, original_run_id: RUN });
    await askChecked(`${api.url}/v1/runs/${RUN}/rerun`, "POST", {
      from_step: { step_id: "charge", input: [{ b: 1, a: 2 }] },
    });
    await askChecked(`${api.url}/api/v2/runs/${RUN}/rerun`, "POST", { fromStep: { stepId: "charge" } });
    expect(api.asked.map(([, command]) => command)).toEqual([
      { runId: RUN, fromStep: null },
      { runId: RUN, fromStep: { stepId: "charge", input: '[{"a":2,"b":1}]' } },
      { runId: RUN, fromStep: { stepId: "charge", input: null } },
    ]);
  });

  test("are repeated from a step only with a list of arguments", async () => {
    const api = await startApi({ rerun: started });
    const wrong = await post(`${api.url}/v1/runs/${RUN}/rerun`, { from_step: { step_id: "a", input: { a: 1 } } });
    expect(wrong.json).toMatchObject({
      code: "body_invalid",
      error: expect.stringContaining("from_step.input must be a list"),
    });
    expect((await post(`${api.url}/v1/runs/${RUN}/rerun`, { from_step: {} })).json.code).toBe("body_invalid");
    expect(api.asked).toEqual([]);
  });

  test("that do not exist can be neither repeated nor resumed", async () => {
    const api = await startApi({ rerun: started, resumeRun: started });
    for (const id of [OTHER_RUN, "nonsense", "x".repeat(5_000)]) {
      expect((await post(`${api.url}/v1/runs/${id}/rerun`, {})).json.code).toBe("not_found");
      expect((await post(`${api.url}/v1/runs/${id}/resume`, {})).json.code).toBe("not_found");
    }
    expect(api.asked).toEqual([]);
  });

  test("are resumed, or the engine's reason is told", async () => {
    const api = await startApi({ resumeRun: { kind: "started", runId: RUN, eventId: null } });
    expect((await askChecked(`${api.url}/v1/runs/${RUN}/resume`, "POST")).json.data).toEqual({ run_id: RUN });
    const refusing = await startApi({
      resumeRun: { kind: "refused", code: "run_ended", details: { run: RUN, status: "Completed" } },
    });
    const refused = await post(`${refusing.url}/v1/runs/${RUN}/resume`, {});
    expect(refused.json).toMatchObject({ status: 409, code: "run_ended", error: expect.stringContaining("Completed") });
  });

  test("are cancelled in /v2, whose errors tell too late from twice", async () => {
    const cancel = (status: string | null) =>
      startApi({ cancelRun: { outcome: status === null ? "cancelled" : "ended", status } });
    const open = await cancel(null);
    expect((await askChecked(`${open.url}/v2/runs/${RUN}/cancel`, "POST")).json.data).toEqual({ runId: RUN });
    const twice = await post(`${(await cancel("cancelled")).url}/api/v2/runs/${RUN}/cancel`, {});
    expect([twice.status, twice.json]).toMatchObject([409, { errors: [{ code: "run_already_cancelled" }] }]);
    const late = await post(`${(await cancel("completed")).url}/v2/runs/${RUN}/cancel`, {});
    expect([late.status, late.json]).toMatchObject([409, { errors: [{ code: "run_already_ended" }] }]);
  });
});

describe("functions and apps", () => {
  test("are paused in a mode and resumed", async () => {
    const api = await startApi({ pause: true, unpause: true });
    await askChecked(`${api.url}/v1/functions/shop-send/pause`, "POST", { mode: "skip" });
    await askChecked(`${api.url}/v1/functions/${FUNCTION.id}/resume`, "POST");
    await askChecked(`${api.url}/v1/apps/shop/pause`, "POST");
    await askChecked(`${api.url}/v1/apps/shop/resume`, "POST", {});
    expect(api.asked).toEqual([
      ["pause", { kind: "function", id: FUNCTION.id, mode: "skip" }],
      ["unpause", { kind: "function", id: FUNCTION.id }],
      ["pause", { kind: "app", id: "shop", mode: "hold" }],
      ["unpause", { kind: "app", id: "shop" }],
    ]);
  });

  test("that do not exist, and modes that do not, are refused", async () => {
    const api = await startApi({ pause: false });
    expect((await post(`${api.url}/v1/functions/nobody/pause`, {})).json.code).toBe("not_found");
    expect((await post(`${api.url}/v1/functions/shop-send/pause`, {})).json.code).toBe("function_not_found");
    const wrong = await post(`${api.url}/v1/apps/shop/pause`, { mode: "forever" });
    expect(wrong.json).toMatchObject({ code: "body_invalid", error: expect.stringContaining("hold, skip or reject") });
  });
});

describe("invoking", () => {
  const invokeUrl = (url: string) => `${url}/v1/functions/shop-send/invoke`;

  test("answers at once with the run, and hands over an event without what is the engine's own", async () => {
    const api = await startApi({ invoke: started });
    const body = { data: { n: 1, _inngest: { fn_id: "forged" } }, user: { id: 1 }, idempotency_key: "k" };
    const answer = await askChecked(invokeUrl(api.url), "POST", body);
    expect([answer.status, answer.json.data]).toEqual([
      202,
      { run_id: OTHER_RUN, event_id: started.eventId, is_new: true },
    ]);
    expect(api.asked[0]?.[1]).toMatchObject({
      functionId: FUNCTION.id,
      idempotencyKey: "k",
      event: {
        stored: { idempotencyId: null },
        parsed: { data: { n: 1 }, user: { id: 1 } },
      },
    });
  });

  test("waits for the result when asked to", async () => {
    const api = await startApi({ invoke: started });
    api.runs.set(OTHER_RUN, runRow({ id: OTHER_RUN }));
    const answer = askChecked(invokeUrl(api.url), "POST", { wait: "30s" });
    await expect.poll(api.watchers).toBe(1);
    api.notice({ kind: "run_ended", id: RUN });
    api.runs.set(
      OTHER_RUN,
      runRow({ id: OTHER_RUN, status: "completed", endedAt: 1_700_000_001_000, output: '{"ok":1}' }),
    );
    api.notice({ kind: "run_ended", id: OTHER_RUN });
    expect((await answer).json.data).toMatchObject({ run_id: OTHER_RUN, status: "Completed", output: { ok: 1 } });
    await expect.poll(api.watchers).toBe(0);
  });

  test("that takes longer than the wait answers with the run, and nobody waits on", async () => {
    const api = await startApi({ invoke: started });
    api.runs.set(OTHER_RUN, runRow({ id: OTHER_RUN }));
    const answer = await askChecked(invokeUrl(api.url), "POST", { wait: 20 });
    expect([answer.status, answer.json.data.run_id, api.watchers()]).toEqual([202, OTHER_RUN, 0]);
  });

  test("twice with one key is the run that there is, with its result", async () => {
    const api = await startApi({ invoke: { kind: "existing", runId: RUN } });
    api.runs.set(RUN, runRow({ status: "failed", endedAt: 1_700_000_001_000, error: '{"message":"no"}' }));
    const again = await askChecked(invokeUrl(api.url), "POST", { idempotency_key: "k" });
    expect(again.json.data).toEqual({ run_id: RUN, event_id: null, is_new: false });
    const v2 = await askChecked(`${api.url}/api/v2/apps/shop/functions/send/invoke`, "POST", { idempotencyKey: "k" });
    expect(v2.json.data).toMatchObject({ runId: RUN, result: null, error: { message: "no" } });
  });

  test("by slug answers with the event's id", async () => {
    const api = await startApi({ invoke: started });
    const answer = await askChecked(`${api.url}/invoke/shop%2Dsend`, "POST", { data: { n: 1 }, id: "mine" });
    expect(answer.json).toEqual({ id: started.eventId, status: 200 });
    expect(api.asked[0]?.[1]).toMatchObject({ idempotencyKey: "mine", event: { stored: { idempotencyId: "mine" } } });
  });

  test("of what is not there, or with what is no event, is refused", async () => {
    const api = await startApi({ invoke: started });
    expect((await post(`${api.url}/invoke/nobody`, {})).json).toMatchObject({ status: 404, code: "not_found" });
    expect((await post(`${api.url}/invoke/shop-send`, [])).json.code).toBe("body_invalid");
    expect((await post(invokeUrl(api.url), { data: [] })).json.code).toBe("body_invalid");
    expect((await post(invokeUrl(api.url), { wait: "1d" })).json.code).toBe("body_invalid");
    for (const key of ["", "a\u0000b", "ä".repeat(513)]) {
      expect((await post(invokeUrl(api.url), { idempotency_key: key })).json.code).toBe("body_invalid");
    }
    const v2 = await post(`${api.url}/v2/apps/shop/functions/nobody/invoke`, {});
    expect([v2.status, v2.json]).toMatchObject([404, { errors: [{ code: "not_found", message: expect.any(String) }] }]);
    expect(api.asked).toEqual([]);
  });
});

describe("bodies", () => {
  test("of another type, packed, cut short or too deep are named", async () => {
    const api = await startApi({ sendSignal: { runId: RUN, isBuffered: false } });
    const send = (body: string, headers: Record<string, string> = {}) =>
      ask(`${api.url}/v1/signals`, { method: "POST", body, headers });
    expect((await send("signal=s", { "content-type": "application/x-www-form-urlencoded" })).json.code).toBe(
      "content_type_unsupported",
    );
    expect((await send("{}", { "content-encoding": "gzip" })).json.code).toBe("content_type_unsupported");
    expect((await send('{"signal":')).json.code).toBe("body_invalid");
    expect((await send("")).json.code).toBe("body_invalid");
    expect((await send(`{"signal":"s","data":${"[".repeat(200)}${"]".repeat(200)}}`)).json.code).toBe("body_too_deep");
    expect((await send('{"signal":"s"}', { "content-type": "application/x-www-form-urlencoded" })).status).toBe(200);
  });
});
