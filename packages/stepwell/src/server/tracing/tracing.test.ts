/** A server with a collector: what a run leaves there. */
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import {
  type AppCall,
  answer,
  ask,
  post,
  registration,
  startApp,
  startTestServer,
  stepRun,
} from "../../../test/server/harness.ts";
import type { TracingConfig } from "./otel-config.ts";
import type { Span } from "./spans.ts";
import { spanIdOf, traceIdOf, traceparentOf } from "./trace-ids.ts";

const CALLER = { traceId: "1".repeat(32), spanId: "2".repeat(16) };

type Handler = (call: AppCall, response: ServerResponse, calls: number) => void;

const failsOnce: Handler = (_call, response, calls) => {
  if (calls === 1) return answer(response, 206, [stepRun("a", 1)]);
  if (calls === 2) return answer(response, 500, { name: "Error", message: "not yet" });
  return answer(response, 200, "done");
};

async function setUp(overrides: Partial<TracingConfig> = {}, handler = failsOnce) {
  const spans: Span[] = [];
  const requests: { readonly url: string; readonly team: unknown; readonly resource: string }[] = [];
  const collector = await startApp((call, response) => {
    const { resourceSpans } = call.json as unknown as {
      resourceSpans: { resource: object; scopeSpans: { spans: Span[] }[] }[];
    };
    requests.push({
      url: call.url,
      team: call.headers["x-team"],
      resource: JSON.stringify(resourceSpans[0]?.resource),
    });
    spans.push(...resourceSpans.flatMap((one) => one.scopeSpans.flatMap((scope) => scope.spans)));
    answer(response, 200, {});
  });
  const tracing: TracingConfig = {
    url: `http://127.0.0.1:${collector.port}/v1/traces`,
    headers: { "x-team": "shop" },
    timeoutMs: 5_000,
    serviceName: "shop-engine",
    resource: {},
    ratio: 1,
    ...overrides,
  };
  const server = await startTestServer({ tracing });
  let calls = 0;
  const app = await startApp((call, response) => handler(call, response, ++calls));
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
  const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
  await post(`${server.url}/e/k`, { name: "test/go" }, { traceparent });
  await server.runsEnded(1);
  const { json } = await ask(`${server.url}/v1/runs`);
  await post(`${server.url}/v1/functions/shop-a/invoke`, {}, { traceparent });
  await server.runsEnded(2);
  await server.stop(); // Which sends what waits.
  const ofRun = json.data[0]!.run_id;
  const invoked = spans.find((span) => span.parentSpanId === undefined && span.traceId !== traceIdOf(ofRun));
  const own = spans.filter((span) => span.traceId === traceIdOf(ofRun));
  return { spans: own, invoked, requests, app, run: json.data[0] as unknown as { run_id: string; trace_id: string } };
}

test("a run is a trace: linked to its caller, with a span for each step and each failed attempt", async () => {
  const { spans, requests, run } = await setUp();
  const id = run.run_id;
  expect(run.trace_id).toBe(traceIdOf(id));
  expect(spans).toHaveLength(3);
  const [root, step, attempt] = spans;
  expect(root).toMatchObject({ traceId: run.trace_id, name: "shop-a", links: [CALLER], status: { code: 1 } });
  expect(root).not.toHaveProperty("parentSpanId");
  expect(step).toMatchObject({ traceId: run.trace_id, parentSpanId: root!.spanId, name: "step a" });
  expect(attempt).toMatchObject({
    parentSpanId: root!.spanId,
    name: "attempt 1",
    status: { code: 2, message: "Error: not yet" },
    events: [{ name: "exception" }],
  });
  expect(Number(root!.endTimeUnixNano)).toBeGreaterThanOrEqual(Number(root!.startTimeUnixNano));
  expect(JSON.stringify(spans)).not.toContain("done");
  expect(requests[0]).toMatchObject({ url: "/v1/traces", team: "shop" });
  expect(requests[0]?.resource).toContain('"shop-engine"');
});

test("a run that was asked for is linked to whoever asked", async () => {
  const { invoked } = await setUp();
  expect(invoked?.links).toEqual([CALLER]);
});

test("calls carry the trace, so that what an app reports lies below the run", async () => {
  const { app, run } = await setUp();
  expect(app.calls[0]?.headers["traceparent"]).toBe(traceparentOf(run.run_id, null));
  expect(spanIdOf(run.run_id, null)).toBe(traceparentOf(run.run_id, null).split("-")[2]);
});

test("a run that is not sampled leaves nothing and carries nothing", async () => {
  const { spans, app } = await setUp({ ratio: 0 });
  expect(spans).toEqual([]);
  expect(app.calls[0]?.headers).not.toHaveProperty("traceparent");
});

test("a step that was tried again has a span for each of its attempts, all within its own", async () => {
  const { spans, run } = await setUp({}, (_call, response, calls) => {
    const error = { name: "Error", message: "declined" };
    const step = { ...stepRun("b", 1), timing: { a: Date.now() * 1e6, b: 0 } };
    if (calls === 1) return answer(response, 206, [{ ...step, data: null, op: "StepError", error }]);
    return calls === 2 ? answer(response, 206, [step]) : answer(response, 200, "done");
  });
  const step = spans.find((span) => span.spanId === spanIdOf(run.run_id, "b".repeat(40)))!;
  const attempts = spans.filter((span) => span.parentSpanId === step.spanId);
  attempts.sort((one, other) => Number(one.startTimeUnixNano) - Number(other.startTimeUnixNano));
  expect(attempts.map(({ name, status }) => [name, status.code])).toEqual([
    ["attempt 1", 2],
    ["attempt 2", 1],
  ]);
  expect(attempts[0]!.startTimeUnixNano).toBe(step.startTimeUnixNano);
  expect(attempts[1]!.endTimeUnixNano).toBe(step.endTimeUnixNano);
});
