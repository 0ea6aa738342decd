import { expect, test } from "vitest";
import { parseTraceparent, spanIdOf, traceIdOf, traceparentOf } from "./trace-ids.ts";

const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZA";

test("a run's id and its trace's are the same number", () => {
  expect(traceIdOf("00000000000000000000000001")).toBe(`${"0".repeat(31)}1`);
  expect(traceIdOf("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")).toBe("f".repeat(32));
  expect(traceIdOf("not a ulid")).toMatch(/^[0-9a-f]{32}$/);
});

test("every step has a span of its own, always the same", () => {
  expect(spanIdOf(RUN, "a")).toBe(spanIdOf(RUN, "a"));
  expect(new Set([spanIdOf(RUN, null), spanIdOf(RUN, "a"), spanIdOf(RUN, "b")]).size).toBe(3);
});

test("what is written is read, and nothing else is", () => {
  expect(parseTraceparent(traceparentOf(RUN, "a"))).toEqual({ traceId: traceIdOf(RUN), spanId: spanIdOf(RUN, "a") });
  for (const text of [
    "",
    "00-x",
    `00-${"0".repeat(32)}-${"1".repeat(16)}-01`,
    `ff-${"1".repeat(32)}-${"1".repeat(16)}-01`,
  ]) {
    expect(parseTraceparent(text)).toBe(null);
  }
});
