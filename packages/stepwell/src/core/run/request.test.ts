import { describe, expect, test } from "vitest";
import { asking, planned, RunRig, START } from "../../../test/run-rig.ts";
import type { Op } from "../../protocol/op.ts";
import { type RequestOutcome, requestReply } from "./request.ts";

function fetching(opts: Op["opts"] = {}, id = "g"): Op {
  const headers = { authorization: "Bearer secret-token" };
  return asking("Gateway", {
    id,
    displayName: id,
    opts: { url: "https://example.com/", method: "GET", headers, ...opts },
  });
}

function failure(more: Partial<Extract<RequestOutcome, { kind: "failed" }>> = {}): RequestOutcome {
  const error = { name: "GatewayError", message: "no route" };
  return { kind: "failed", error, noRetry: false, retryAfterMs: null, status: 502, ...more };
}

/** The request of a step is made; returns its generation. */
function request(rig: RunRig, slot = "g"): number {
  rig.call(slot);
  return rig.batch.requests.at(-1)!.generation;
}

function answer(rig: RunRig, outcome: RequestOutcome, slot = "g"): void {
  requestReply(rig.context, rig.run, slot, request(rig, slot), outcome);
}

describe("a request of a step", () => {
  test("is made by the server, and its answer is the result", () => {
    const rig = new RunRig();
    rig.report("main", fetching());
    answer(rig, { kind: "done", data: '{"status_code":200}' });
    expect([rig.memo("g"), rig.slots, rig.problems]).toEqual(['{"data":{"status_code":200}}', ["main"], []]);
  });

  test("keeps its secrets in its job alone, which leaves with it", () => {
    const rig = new RunRig();
    rig.report("main", fetching());
    const job = rig.job("g")!;
    expect(job.payload).toContain("secret-token");
    expect(rig.run.steps.get("g")!.options).not.toContain("secret-token");
    answer(rig, { kind: "done", data: "1" });
    expect(rig.job("g")).toBeUndefined();
    expect(JSON.stringify([...rig.batch.steps])).not.toContain("secret-token");
  });

  test("that fails is made again with its own attempts, then the error is the result", () => {
    const rig = new RunRig({ retries: 1 });
    rig.report("main", fetching());
    answer(rig, failure({ retryAfterMs: 5_000 }));
    expect([rig.job("g")!.dueAt, rig.run.steps.get("g")!.status]).toEqual([START + 5_000, "retrying"]);
    rig.now = START + 5_000;
    answer(rig, failure());
    expect(JSON.parse(rig.memo("g")!).error).toMatchObject({ name: "GatewayError", data: null });
    expect(rig.batch.attempts.map(({ slot, attempt, status }) => [slot, attempt, status])).toEqual([
      ["g", 0, 502],
      ["g", 1, 502],
    ]);
    expect(rig.run.status).toBe("running");
  });

  test("that cannot succeed is not made again", () => {
    const rig = new RunRig();
    rig.report("main", fetching());
    answer(rig, failure({ noRetry: true }));
    expect(rig.memo("g")).toContain("no route");
  });

  test("whose answer is too large fails, and the run goes on", () => {
    const rig = new RunRig({ limits: { stepOutputBytesMax: 100 } });
    rig.report("main", fetching());
    answer(rig, { kind: "done", data: JSON.stringify("x".repeat(200)) });
    expect(JSON.parse(rig.memo("g")!).error).toMatchObject({ code: "step_output_too_large" });
    expect(rig.slots).toEqual(["main"]);
  });

  test("that answers late, for an earlier call of it, or after the run has ended, changes nothing", () => {
    const rig = new RunRig();
    rig.report("main", fetching());
    const generation = request(rig);
    requestReply(rig.context, rig.run, "g", generation - 1, { kind: "done", data: "0" });
    expect(rig.memo("g")).toBeNull();
    rig.cancel();
    expect(rig.batch.aborts).toEqual([{ runId: "run", slot: "g", generation }]);
    requestReply(rig.context, rig.run, "g", generation, { kind: "done", data: "1" });
    expect([rig.memo("g"), rig.problems]).toEqual([null, []]);
  });

  test("in a group is followed by one discovery for all", () => {
    const rig = new RunRig();
    rig.report("main", fetching(), fetching({}, "h"), planned("a"));
    answer(rig, { kind: "done", data: "1" });
    answer(rig, { kind: "done", data: "2" }, "h");
    expect(rig.slots).toEqual(["a"]);
  });

  test.each([
    ["no url", { url: null }],
    ["a url of another kind", { url: "file:///etc/passwd" }],
    ["headers that are no object", { headers: "x" }],
    ["a method that cannot be sent", { method: "CONNECT" }],
  ])("with %s ends the run with a code", (_, opts) => {
    const rig = new RunRig();
    rig.report("main", fetching(opts));
    expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "gateway_invalid" });
    expect(rig.slots).toEqual([]);
  });
});
