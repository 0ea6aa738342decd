import { describe, expect, test } from "vitest";
import { ENGINE_START, EngineRig, type HeldCall } from "../../test/engine-rig.ts";
import { asking, config, done, failing, planned, sleeping } from "../../test/run-rig.ts";
import type { CreateEndpointRun } from "../core/command.ts";
import { Facts } from "../core/facts.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Op } from "../protocol/op.ts";
import { stepHash } from "../protocol/step-id.ts";

const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
const ORIGIN = "http://shop.test";

type NewRun = Omit<CreateEndpointRun, "kind">;

function request(
  ops: readonly Op[],
  more: Partial<NewRun> & { readonly path?: string; readonly retries?: number } = {},
) {
  const { path = "/buy", retries = 3, ...fields } = more;
  const data = { domain: ORIGIN, method: "GET", path };
  const parsed = { data, id: "event-1", name: "inngest/http.request", ts: ENGINE_START, user: {} };
  const stored = { id: "event-1", name: parsed.name, ts: ENGINE_START, receivedAt: ENGINE_START };
  const json = JSON.stringify(parsed);
  const functionOf = (name: string) =>
    config(retries, { id: `id ${name}`, slug: `${ORIGIN}-${name}`, name, appId: ORIGIN, url: `endpoint:${ORIGIN}` });
  const command: NewRun = {
    runId: RUN,
    app: { id: ORIGIN, url: `endpoint:${ORIGIN}`, sdk: "test", framework: "endpoint", version: null, functions: [] },
    fn: functionOf(`GET ${path}`),
    shared: functionOf("GET *"),
    event: { stored: { ...stored, idempotencyId: null, json, isInternal: true }, parsed, mayExist: false },
    ops,
    requestVersion: 2,
    idempotencyKey: null,
    ...fields,
  };
  return command;
}

const completed = (output: string): Op => asking("RunComplete", { id: stepHash("complete", 0), data: output });
const failed = (op: "StepError" | "StepFailed"): Op =>
  failing(stepHash("complete", 0), { op, error: { name: "Error", message: "no stock" } });

class EndpointRig {
  readonly rig: EngineRig;

  constructor(rig: EngineRig) {
    this.rig = rig;
  }

  static async started(options: ConstructorParameters<typeof EngineRig>[0] = {}): Promise<EndpointRig> {
    const rig = new EngineRig(options);
    await rig.engine.start();
    return new EndpointRig(rig);
  }

  async create(command: NewRun) {
    const answer = this.rig.engine.createEndpointRun(command);
    await this.rig.settle();
    return answer;
  }

  async save(...ops: Op[]) {
    const answer = this.rig.engine.saveEndpointSteps({ runId: RUN, ops });
    await this.rig.settle();
    return answer;
  }

  async run() {
    const [run] = await this.rig.store.loadRuns([RUN]);
    return run!;
  }

  get call(): HeldCall {
    return this.rig.calls.at(-1)!;
  }
}

describe("a run that its endpoint executes", () => {
  test("is running, called by nobody, and ends with the endpoint's answer", async () => {
    const rig = await EndpointRig.started();
    expect(await rig.create(request([done("a")]))).toEqual({
      kind: "created",
      functionId: "id GET /buy",
      appId: ORIGIN,
    });
    expect((await rig.run()).status).toBe("running");
    await rig.save(done("b"));
    await rig.save(completed('{"status":200,"body":"1"}'));
    const run = await rig.run();
    expect([run.status, run.output, run.stack, run.jobs.size]).toEqual([
      "completed",
      '{"status":200,"body":"1"}',
      ["a", "b"],
      0,
    ]);
    expect(rig.rig.calls).toEqual([]);
  });

  test("that is over before it is known of is recorded whole", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([completed("1")]));
    expect((await rig.run()).status).toBe("completed");
  });

  test("ends as well with the other name of an end, also in an answer to the server", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([asking("SyncRunComplete", { data: "1" }), done("a")]));
    expect([(await rig.run()).output, (await rig.run()).stack]).toEqual(["1", ["a"]]);

    const other = await EndpointRig.started();
    await other.create(request([asking("DiscoveryRequest")]));
    other.call.answer({ kind: "ops", ops: [asking("SyncRunComplete", { data: "2" })] });
    await other.rig.settle();
    expect((await other.run()).output).toBe("2");
  });

  test("is called when nothing was heard of it for the time of its lease, which every step renews", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([done("a")]));
    await rig.rig.pass(LIMITS.endpointLeaseMs - 1);
    await rig.save(done("b"));
    await rig.rig.pass(LIMITS.endpointLeaseMs - 1);
    expect(rig.rig.calls).toEqual([]);
    await rig.rig.pass(1);
    expect(rig.call.call).toMatchObject({ runId: RUN, attempt: 0, target: null, url: `endpoint:${ORIGIN}` });
    expect(rig.call.call.memos.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  test("is called after a restart, with what it had saved", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([done("a")]));
    const { store, now } = rig.rig;
    const next = new EngineRig({ store });
    next.now = now + LIMITS.endpointLeaseMs;
    await next.engine.start();
    await next.settle();
    expect(next.calls.map(({ call }) => [call.runId, call.memos.length])).toEqual([[RUN, 1]]);
    next.calls[0]!.answer({ kind: "ops", ops: [completed("2")] });
    await next.settle();
    expect((await rig.run()).output).toBe("2");
  });
});

describe("the server goes on", () => {
  test("when the endpoint sleeps", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([sleeping("nap", "10s")]));
    expect([...(await rig.run()).jobs.keys()]).toEqual(["nap"]);
    await rig.rig.pass(10_000);
    expect(rig.call.call.memos).toEqual([{ id: "nap", json: "null" }]);
  });

  test("when its attempt failed: after a pause, as the second attempt", async () => {
    const rig = await EndpointRig.started({ retryIntervalMs: 1_000 });
    await rig.create(request([done("a")]));
    await rig.save(failing("b"));
    await rig.rig.pass(999);
    expect(rig.rig.calls).toEqual([]);
    await rig.rig.pass(1);
    expect(rig.call.call.attempt).toBe(1);
  });

  test("when steps run side by side", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([planned("a"), planned("b")]));
    expect(rig.rig.calls.map(({ call }) => call.target)).toEqual(["a", "b"]);
  });

  test("when a step failed for good, or the endpoint asks it to", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([done("a")]));
    await rig.save(failing("b", { op: "StepFailed" }));
    expect(rig.call.call.memos.map(({ id }) => id)).toEqual(["a", "b"]);

    const other = await EndpointRig.started();
    await other.create(request([done("a")]));
    await other.save(asking("DiscoveryRequest"));
    expect(other.call.call.memos).toHaveLength(1);
  });

  test("when the function itself failed, until no attempt is left", async () => {
    const rig = await EndpointRig.started({ retryIntervalMs: 1_000 });
    await rig.create(request([failed("StepError")], { retries: 1 }));
    await rig.rig.pass(1_000);
    expect(rig.call.call.attempt).toBe(1);
    rig.call.answer({ kind: "failed", error: { name: "Error", message: "again" }, noRetry: false });
    await rig.rig.settle();
    expect([(await rig.run()).status, (await rig.run()).steps.size]).toEqual(["failed", 0]);
  });

  test("and a function that failed for good has failed", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([failed("StepFailed")]));
    expect((await rig.run()).error).toContain("no stock");
  });
});

describe("what comes late", () => {
  test("counts when it is a result or the end, and is left to the server otherwise", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([done("a")]));
    await rig.rig.pass(LIMITS.endpointLeaseMs);
    expect((await rig.save(done("b", "1"), sleeping("nap", "1h"))).problems).toEqual([
      "Sleep came after the server had gone on with the run",
    ]);
    rig.call.answer({ kind: "ops", ops: [done("b", "2")] });
    await rig.rig.settle();
    expect((await rig.run()).steps.get("b")!.memo).toBe('{"data":1}');
    await rig.save(completed("3"));
    expect((await rig.run()).output).toBe("3");
    expect((await rig.save(done("c"))).problems).toEqual(["the run has ended: it is completed"]);
  });

  test("is taken by no run that no endpoint began", async () => {
    const rig = new EndpointRig(await EngineRig.started());
    void rig.rig.send();
    await rig.rig.settle();
    const { runId } = rig.call.call;
    const saved = rig.rig.engine.saveEndpointSteps({ runId, ops: [completed("1")] });
    await rig.rig.settle();
    expect((await saved).problems).toEqual(["the run was not begun by an endpoint"]);
    expect((await rig.save(done("a"))).problems).toEqual(["there is no such run"]);
  });
});

describe("beginning again", () => {
  test("the same request is the same run, whose results stay as they are", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([done("a", "1")]));
    await rig.rig.pass(1);
    expect((await rig.create(request([done("a", "2")]))).kind).toBe("created");
    expect((await rig.run()).steps.get("a")!.memo).toBe('{"data":1}');
  });

  test("another request under the same id is refused", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([done("a")]));
    expect(await rig.create(request([], { path: "/sell" }))).toMatchObject({ kind: "refused", code: "run_exists" });
  });

  test("a key begins one run", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([done("a")], { idempotencyKey: "order-1" }));
    const other = request([done("a")], { idempotencyKey: "order-1", runId: `${RUN.slice(0, -1)}A` });
    expect(await rig.create(other)).toMatchObject({ kind: "refused", code: "run_exists", details: { run: RUN } });
  });

  test("two at once are one run", async () => {
    const rig = await EndpointRig.started();
    const answers = [rig.create(request([done("a", "1")])), rig.create(request([done("a", "2")]))];
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(["created", "created"]);
    expect((await rig.run()).steps.get("a")!.memo).toBe('{"data":1}');
  });

  test("a run that was made while another load looked for it is looked for again", () => {
    const recent = new Map<string, string>();
    const note = (fact: string, value: string) => void recent.set(fact, value);
    const facts = new Facts({ get: (fact) => recent.get(fact), note, members: () => [], join: () => {} });
    facts.addAbsentRuns([RUN]);
    expect(facts.isAbsent(RUN)).toBe(true);
    facts.noteRun(RUN);
    expect(facts.isAbsent(RUN)).toBe(false);
  });
});

describe("apps and functions", () => {
  test("are made with the first run, changed with the retries, and left alone by the syncs of others", async () => {
    const rig = new EndpointRig(await EngineRig.started());
    await rig.create(request([done("a")]));
    await rig.create(request([done("a")], { path: "/sell", runId: `${RUN.slice(0, -1)}A`, retries: 1 }));
    const functions = () => rig.rig.engine.apps.list().find(({ id }) => id === ORIGIN)?.functions ?? [];
    expect(functions().map(({ name, retries }) => [name, retries])).toEqual([
      ["GET /buy", 3],
      ["GET /sell", 1],
    ]);
    await rig.create(request([], { runId: `${RUN.slice(0, -1)}B`, retries: 0 }));
    expect(functions().find(({ name }) => name === "GET /buy")!.retries).toBe(0);
  });

  test("an origin with too many functions has the others share one", async () => {
    const rig = await EndpointRig.started();
    for (let index = 0; index <= LIMITS.endpointFunctionsMax + 1; index++) {
      const runId = RUN.slice(0, -4) + String(index).padStart(4, "0");
      void rig.rig.engine.createEndpointRun(request([completed("1")], { path: `/buy/${index}`, runId }));
    }
    await rig.rig.settle();
    const [app] = rig.rig.engine.apps.list();
    expect(app!.functions).toHaveLength(LIMITS.endpointFunctionsMax + 1);
    expect(app!.functions.at(-1)!.name).toBe("GET *");
  });

  test("a paused endpoint that refuses begins nothing", async () => {
    const rig = await EndpointRig.started();
    await rig.create(request([completed("1")]));
    const paused = rig.rig.engine.pause({ kind: "app", id: ORIGIN, mode: "reject" });
    await rig.rig.settle();
    await paused;
    const other = request([done("a")], { runId: `${RUN.slice(0, -1)}A` });
    expect(await rig.create(other)).toMatchObject({ kind: "refused", code: "function_paused" });
  });
});
