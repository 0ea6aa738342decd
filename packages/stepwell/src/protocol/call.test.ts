import { expect, test } from "vitest";
import { type Call, callBody } from "./call.ts";
import { canonicalJson } from "./json.ts";
import { LIMITS } from "./limits.ts";

const call: Call = {
  runId: "01J0000000000000000000000A",
  functionId: "11111111-1111-5111-8111-111111111111",
  functionSlug: "app-fn",
  url: "http://127.0.0.1/api",
  target: null,
  attempt: 0,
  attemptsMax: 4,
  requestId: "01J0000000000000000000000B",
  generation: 7,
  jobId: "01J0000000000000000000000A.main",
  requestVersion: -1,
  disableImmediateExecution: false,
  events: ['{"data":{},"id":"e","name":"a/b","ts":1,"user":{}}'],
  inputs: [],
  memos: [
    { id: "ff", json: '{"data":1}' },
    { id: "0a", json: "null" },
  ],
};

test("the body is canonical as it stands, so its bytes can be signed", () => {
  const body = callBody(call);
  expect(canonicalJson(JSON.parse(body))).toBe(body);
});

test("the stack keeps completion order and counts, whatever the order of the steps' keys", () => {
  const body = JSON.parse(callBody(call));
  expect(body.ctx.stack).toEqual({ stack: ["ff", "0a"], current: 2 });
  expect(body.steps).toEqual({ "0a": null, ff: { data: 1 } });
});

test("no optional key is null, and the two use_api flags agree", () => {
  const body = JSON.parse(callBody(call));
  for (const [key, value] of Object.entries(body.ctx)) expect([key, value === null]).toEqual([key, false]);
  expect(body.use_api).toBe(body.ctx.use_api);
  expect(body.version).toBe(-1);
  expect(body.events[0]).toEqual(body.event);
});

test("state beyond the limit is left out and the SDK is told to fetch it", () => {
  const big = { id: "aa", json: `{"data":"${"x".repeat(LIMITS.callBodyBytesMax)}"}` };
  const body = JSON.parse(callBody({ ...call, memos: [big] }));
  expect(body.use_api).toBe(true);
  expect(body.ctx.use_api).toBe(true);
  expect(body.steps).toEqual({});
  expect(body.events).toEqual([]);
  expect(body.event.name).toBe("a/b");
});
