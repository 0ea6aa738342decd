import { expect, test } from "vitest";
import { runRow } from "../../test/server/api-harness.ts";
import { Apps } from "../core/apps.ts";
import type { ListedStep } from "../store/store.ts";
import { resultOf, runRecord } from "./run-record.ts";

const step = (fields: Partial<ListedStep>) => fields as ListedStep;
const apps = new Apps([], []);

test("the result of a wait is the whole event, or null when its time was over", () => {
  const memo = '{"data":{"id":7},"id":"01J","name":"order/paid","ts":1}';
  expect(resultOf(step({ kind: "wait", status: "completed", memo }))).toEqual({ output: JSON.parse(memo) });
  expect(resultOf(step({ kind: "wait", status: "timed_out", memo: "null" }))).toEqual({ output: null });
});

test("an invoke whose time was over has an error", () => {
  const memo = '{"error":{"name":"InngestInvokeTimeoutError"}}';
  const result = resultOf(step({ kind: "invoke", status: "timed_out", memo }));
  expect(result).toEqual({ error: { name: "InngestInvokeTimeoutError" } });
});

test("a run that was cancelled says why in words", () => {
  const error = '{"message":"cancelled through the API","name":"cancelled"}';
  const record = runRecord(runRow({ status: "cancelled", reason: "cancelled_by_request", error }), apps);
  expect(record).toMatchObject({ reason: "cancelled_by_request", reason_text: "cancelled through the API" });
  expect(runRecord(runRow({ status: "failed", error }), apps)).not.toHaveProperty("reason_text");
});
