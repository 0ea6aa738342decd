/**
 * The official Python SDK with FastAPI, unchanged, against this server: the guide's constructs as it writes them, and
 * what else the SDK does over the wire. Without Python every test is skipped with the reason.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { preparePython } from "../lib/python.ts";
import { type PythonBench, put, startPythonBench } from "../lib/python-bench.ts";
import type { Keys, Run } from "../lib/server.ts";
import { sign } from "../lib/sign.ts";
import { until } from "../lib/wait.ts";

const python = await preparePython();
const KEYS: Keys = { signingKey: "signkey-prod-".concat("ab12".repeat(16)), eventKey: "python-test" };

let keys = 0;
const newKey = (): string => `py-${++keys}`;

beforeEach(({ skip }) => skip(python.missing !== null, python.missing ?? ""));

describe("Python, development", () => {
  let bench: PythonBench;

  beforeAll(async () => {
    if (python.missing === null) bench = await startPythonBench(python);
  });
  afterAll(() => bench?.stop());

  const runOf = async (name: string, data: Record<string, unknown> = {}): Promise<{ key: string; run: Run }> => {
    const key = newKey();
    const { ids } = await bench.post("/events", { name, data: { ...data, key } });
    return { key, run: await bench.server.endedRunOf(ids[0] ?? "") };
  };
  const runsOfLead = async (wants: string): Promise<{ id: string; runs: Run[] }> => {
    const id = newKey();
    const { ids } = await bench.post("/leads", { id, wants });
    return { id, runs: await bench.server.endedRunsOf(ids[0] ?? "", 2) };
  };

  test("guide 3: the functions register; once more changes nothing", async ({ expect }) => {
    expect(bench.sync).toMatchObject({ status: 200, body: { ok: true, modified: true } });
    expect(await put(bench.appUrl)).toMatchObject({ status: 200, body: { modified: false } });
    const { body } = await bench.server.get("/v1/apps/your-app-name/functions");
    const slugs = (body as { slug: string }[]).map((fn) => fn.slug);
    expect(slugs).toContain("your-app-name-leads/process-new-lead");
    expect(slugs).toContain("your-app-name-scheduled/daily-report");
    expect(slugs).toContain("your-app-name-uncaught-failure");
  });

  describe.concurrent("behaviour", () => {
    test("guide 4: the lead workflow sends an e-mail, each step once", async ({ expect }) => {
      const { id, runs } = await runsOfLead("email");
      expect(runs.map((run) => run.status)).toEqual(["Completed", "Completed"]);
      const outputs = runs.map((run) => run.output);
      expect(outputs).toContainEqual({ status: "completed", lead_id: id, method: "email" });
      const { services } = bench;
      expect(services.asked("/create-profile", id)).toHaveLength(1);
      expect(services.asked("/create-offer", id)).toMatchObject([{ company_profile: { size: 12.5 } }]);
      expect(services.asked("/create-strategy", id)).toMatchObject([{ offer: { headline: "For Ada" } }]);
      expect(services.asked("/send-email", id)).toMatchObject([{ subject: "For Ada", to: "ada@example.com" }]);
      expect(services.asked("/call-phone", id)).toEqual([]);
    });

    test("guide 4: the lead workflow makes a call, or nothing", async ({ expect }) => {
      const [phone, none] = await Promise.all([runsOfLead("phone"), runsOfLead("nothing")]);
      expect(bench.services.asked("/call-phone", phone.id)).toMatchObject([{ script: "Hello, Ada" }]);
      expect(bench.services.asked("/call-phone", none.id)).toEqual([]);
      expect(none.runs.map((run) => run.output)).toContainEqual({
        status: "completed",
        lead_id: none.id,
        method: "nothing",
      });
    });

    test("guide 5: retries=5 makes six attempts", async ({ expect }) => {
      const { key, run } = await runOf("api/call-external");
      expect(run).toMatchObject({ status: "Failed", output: { message: "nobody there" } });
      expect(bench.services.notes(key, "attempt")).toEqual([0, 1, 2, 3, 4, 5]);
    });

    test("guide 5: NonRetriableError in a step ends the run at once", async ({ expect }) => {
      const { key, run } = await runOf("payment/requested", { kind: "invalid-card" });
      expect(run).toMatchObject({ status: "Failed", output: { message: "Invalid card: expired" } });
      expect(bench.services.notes(key, "attempt")).toEqual([0]);
    });

    test("guide 5: RetryAfterError in a step says when to try again", async ({ expect }) => {
      const { key, run } = await runOf("payment/requested", { kind: "rate-limit" });
      expect(run).toMatchObject({ status: "Completed", output: { success: true, transaction_id: `tx-${key}` } });
      const [first = 0, second = 0] = bench.services.times(key, "attempt");
      expect(second - first).toBeGreaterThanOrEqual(1_900);
      expect(second - first).toBeLessThan(6_000);
    });

    test("guide 5: any other error is tried again", async ({ expect }) => {
      const { key, run } = await runOf("payment/requested", { kind: "timeout" });
      expect(run.status).toBe("Completed");
      expect(bench.services.notes(key, "attempt")).toEqual([0, 1, 2]);
    });

    test("guide 6: functions with limits of concurrency run", async ({ expect }) => {
      const { run } = await runOf("user/action", { user_id: "u1" });
      expect(run).toMatchObject({ status: "Completed", output: "handled" });
    });

    test("guide 7: several events in one send each start their functions", async ({ expect }) => {
      const order_id = newKey();
      const { ids } = await bench.post("/orders", { order_id, user_id: "u1" });
      expect(ids).toHaveLength(3);
      const [placed, reserved, notified] = await Promise.all(
        ids.map(async (id, index) =>
          index === 1 ? bench.server.runsOf(id) : bench.server.endedRunsOf(id, index === 0 ? 2 : 1),
        ),
      );
      expect([placed?.length, reserved?.length, notified?.length]).toEqual([2, 0, 1]);
      expect(bench.services.notes(order_id)).toEqual(["new"]);
    });

    test("guide 7: a workflow sends an event that starts another", async ({ expect }) => {
      const { id } = await runsOfLead("nothing");
      await until("the reply is awaited", () => bench.services.notes(id, "await-reply").length > 0);
      expect(bench.services.notes(id, "await-reply")).toEqual([86_400]);
    });

    test("guide 8: several triggers, told apart by the name of the event", async ({ expect }) => {
      const order_id = newKey();
      for (const name of ["order/updated", "order/cancelled"]) {
        const { ids } = await bench.post("/events", { name, data: { order_id } });
        await bench.server.endedRunOf(ids[0] ?? "");
      }
      expect(bench.services.notes(order_id)).toEqual(["update", "cancel"]);
    });

    test("guide 8: a cron starts its function", async ({ expect }) => {
      await until("two ticks", () => bench.services.notes("cron", "tick").length >= 2);
      expect(bench.services.notes("cron", "tick")[0]).toMatchObject({
        name: "inngest/scheduled.timer",
        data: { cron: "* * * * * *" },
        report: "the report",
      });
    });

    test("guide 9: the drip campaign sleeps between its e-mails", async ({ expect }) => {
      const user_id = newKey();
      const { ids } = await bench.post("/events", { name: "user/signed-up", data: { user_id } });
      const run = await bench.server.endedRunOf(ids[0] ?? "");
      expect(run).toMatchObject({ status: "Completed", output: { status: "completed", emails_sent: 3 } });
      expect(bench.services.notes(user_id)).toEqual(["welcome", "tips", "feature"]);
      const [welcome = 0, tips = 0, feature = 0] = ["welcome", "tips", "feature"].map(
        (what) => bench.services.times(user_id, what)[0],
      );
      expect(tips - welcome).toBeGreaterThanOrEqual(990);
      expect(feature - tips).toBeGreaterThanOrEqual(1_990);
      expect(feature - welcome).toBeLessThan(8_000);
    });

    test("group.parallel runs its steps once each", async ({ expect }) => {
      const { key, run } = await runOf("test/parallel");
      expect(run).toMatchObject({ status: "Completed", output: ["a", "b", "c", "after"] });
      expect(bench.services.notes(key).slice(0, 3).toSorted()).toEqual(["a", "b", "c"]);
      expect(bench.services.notes(key).slice(3)).toEqual(["after"]);
    });

    test("a step id repeated in a loop is a step of its own each time", async ({ expect }) => {
      const { key, run } = await runOf("test/loop");
      expect(run).toMatchObject({ status: "Completed", output: [0, 1, 4, 9] });
      expect(bench.services.notes(key, "body")).toEqual([0, 1, 2, 3]);
    });

    test("an exhausted step raises a StepError that may be caught", async ({ expect }) => {
      const { run } = await runOf("test/caught");
      expect(run).toMatchObject({ status: "Completed", output: ["ValueError", "no good", "recovered"] });
    });

    test("an error that nobody catches fails the run and calls on_failure once", async ({ expect }) => {
      const { key, run } = await runOf("test/uncaught");
      expect(run).toMatchObject({ status: "Failed", output: { message: "nobody catches me" } });
      await until("on_failure ran", () => bench.services.notes(key, "failure").length > 0);
      expect(bench.services.notes(key, "body")).toEqual([0, 1]);
      expect(bench.services.notes(key, "failure")).toEqual([
        { function_id: "your-app-name-uncaught", name: "inngest/function.failed" },
      ]);
    });

    test("state too large for a call is fetched by the SDK", async ({ expect }) => {
      const { run } = await runOf("test/big");
      const text = [0, 1, 2, 3, 4, 5].map((part) => String(part).repeat(1_048_576)).join("");
      expect(run).toMatchObject({ status: "Completed", output: createHash("sha256").update(text).digest("hex") });
    });

    test("step.send_event starts other functions", async ({ expect }) => {
      const { key, run } = await runOf("test/sender");
      expect(run.output).toHaveLength(2);
      await until("both ran", () => bench.services.notes(key, "child").length === 2);
      expect(bench.services.notes(key, "child").toSorted()).toEqual([1, 2]);
    });

    test("a condition of a trigger decides", async ({ expect }) => {
      const { key } = await runOf("test/conditional", { total: 101 });
      const { ids } = await bench.post("/events", { name: "test/conditional", data: { key, total: 100 } });
      expect(await bench.server.runsOf(ids[0] ?? "")).toEqual([]);
      expect(bench.services.notes(key, "large")).toEqual([101]);
    });

    test("events with the same id start a function once", async ({ expect }) => {
      const key = newKey();
      const event = { name: "test/loop", id: `order-${key}`, data: { key } };
      const { ids } = await bench.post("/events", event);
      await bench.post("/events", event);
      await bench.server.endedRunOf(ids[0] ?? "");
      expect(bench.services.notes(key, "body")).toEqual([0, 1, 2, 3]);
    });
  });

  describe("what the guide writes and this SDK itself refuses", () => {
    test("it has no module inngest.errors; its errors are names of inngest", async ({ expect }) => {
      const run = (code: string) => promisify(execFile)(python.path, ["-c", code]);
      await expect(run("from inngest.errors import NonRetriableError")).rejects.toThrow(/ModuleNotFoundError/);
      await run("from inngest import NonRetriableError, RetryAfterError");
    });

    test("a sleep given as text fails in the SDK, and the run says how", async ({ expect }) => {
      const { run } = await runOf("user/as-written");
      expect(run).toMatchObject({ status: "Failed", output: { name: "TypeError" } });
    });

    test("RetryAfterError with the duration first is an ordinary failure, tried again as such", async ({ expect }) => {
      const { key, run } = await runOf("payment/as-written");
      expect(run.status).toBe("Failed");
      expect(bench.services.notes(key, "attempt")).toEqual([0, 1]);
    });
  });
});

describe("Python, production", () => {
  let bench: PythonBench;

  beforeAll(async () => {
    if (python.missing === null) bench = await startPythonBench(python, KEYS);
  });
  afterAll(() => bench?.stop());

  test("an app with is_production registers with its key", ({ expect }) => {
    expect(bench.sync).toMatchObject({ status: 200, body: { ok: true, modified: true } });
  });

  test("the lead workflow runs over signed calls", async ({ expect }) => {
    const { ids } = await bench.post("/leads", { id: "signed", wants: "email" });
    const runs = await bench.server.endedRunsOf(ids[0] ?? "", 2);
    expect(runs.map((run) => run.status)).toEqual(["Completed", "Completed"]);
    expect(bench.services.asked("/send-email", "signed")).toHaveLength(1);
  });

  test("non-ASCII text and fractions survive signing, and large state is fetched with the key", async ({ expect }) => {
    const { ids } = await bench.post("/leads", { id: "ünï ✓ \u2028", wants: "phone", score: 0.1, big: 1e21 });
    const runs = await bench.server.endedRunsOf(ids[0] ?? "", 2);
    expect(runs.map((run) => run.status)).toEqual(["Completed", "Completed"]);
    const sent = await bench.post("/events", { name: "test/big", data: {} });
    expect((await bench.server.endedRunOf(sent.ids[0] ?? "")).status).toBe("Completed");
  });

  test("parallel steps and failures work signed", async ({ expect }) => {
    const names = ["test/parallel", "test/caught"];
    const sent = await Promise.all(names.map((name) => bench.post("/events", { name, data: { key: "signed" } })));
    const runs = await Promise.all(sent.map(({ ids }) => bench.server.endedRunOf(ids[0] ?? "")));
    expect(runs.map((run) => run.status)).toEqual(["Completed", "Completed"]);
  });

  test("a call that is not signed, or with another key, gets a 401", async ({ expect }) => {
    const url = `${bench.appUrl}?fnId=your-app-name-loop&stepId=step`;
    const call = (headers: Record<string, string>) => fetch(url, { method: "POST", headers, body: "{}" });
    const wrong = sign("{}", "cd34".repeat(16));
    const answers = await Promise.all([call({}), call({ "x-inngest-signature": wrong })]);
    expect(answers.map((answer) => answer.status)).toEqual([401, 401]);
  });
});
