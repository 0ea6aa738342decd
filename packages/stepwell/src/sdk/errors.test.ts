import { describe, expect, test } from "vitest";
import { StepwellError } from "../protocol/errors.ts";
import { errorData, stepErrorFrom } from "./error-data.ts";
import { isNonRetriable, NonRetriableError, RetryAfterError, retryAfterOf } from "./errors.ts";

describe("RetryAfterError", () => {
  test("takes seconds, a duration text or a date", () => {
    expect(new RetryAfterError("x", 90).retryAfter).toBe("90");
    expect(new RetryAfterError("x", "1h").retryAfter).toBe("3600");
    expect(new RetryAfterError("x", "1500ms").retryAfter).toBe("2");
    expect(new RetryAfterError("x", { minutes: 2 }).retryAfter).toBe("120");
    const date = new Date("2030-01-01T00:00:00Z");
    expect(new RetryAfterError("x", date).retryAfter).toBe("2030-01-01T00:00:00.000Z");
    expect(new RetryAfterError("x", "2030-01-01T00:00:00Z").retryAfter).toBe("2030-01-01T00:00:00.000Z");
  });

  test("refuses what is no duration", () => {
    expect(() => new RetryAfterError("x", "later")).toThrow("is not a duration");
    expect(() => new RetryAfterError("x", new Date(Number.NaN))).toThrow("is not a duration");
  });

  test("is recognised from another copy of the package", () => {
    const other = Object.assign(new Error("x"), { [Symbol.for("stepwell.retryAfter")]: "5" });
    expect(retryAfterOf(other)).toBe("5");
    expect(retryAfterOf(new Error("x"))).toBeNull();
  });
});

describe("what no retry can mend", () => {
  test("errors that say so, their subclasses, and our own refusals", () => {
    class Declined extends NonRetriableError {
      override name = "Declined";
    }
    expect(isNonRetriable(new Declined("no"))).toBe(true);
    expect(isNonRetriable(Object.assign(new Error("x"), { name: "NonRetriableError" }))).toBe(true);
    expect(isNonRetriable(new StepwellError("value_not_storable"))).toBe(true);
    expect(isNonRetriable(new StepwellError("send_failed"))).toBe(false);
    expect(isNonRetriable("text")).toBe(false);
  });
});

describe("errors as data", () => {
  test("keep name, message, code and causes, and come back with them", () => {
    const cause = new TypeError("deep", { cause: "a text" });
    const error = Object.assign(new Error("outer", { cause }), { code: "E_X" });
    const rebuilt = stepErrorFrom("s", JSON.parse(JSON.stringify(errorData(error))));
    expect(rebuilt).toMatchObject({ name: "Error", message: "outer", code: "E_X", stepId: "s" });
    expect(rebuilt.cause).toMatchObject({ name: "TypeError", message: "deep", cause: "a text" });
    expect(rebuilt.stack).toBe(error.stack);
  });

  test("anything may be thrown", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    expect(errorData("plain")).toMatchObject({ name: "Error", message: "plain" });
    expect(errorData({ status: 500 }).message).toBe('{"status":500}');
    expect(errorData({ message: "like an error", name: "Odd" })).toMatchObject({
      name: "Odd",
      message: "like an error",
    });
    expect(errorData(undefined).message).toBe("undefined");
    expect(errorData(cycle).message).toBe("[object Object]");
    expect(errorData(10n).message).toBe("10");
  });

  test("a chain of causes that never ends is cut", () => {
    const error = new Error("loop");
    error.cause = error;
    expect(JSON.stringify(errorData(error)).match(/"loop"/g)?.length).toBeLessThan(12);
  });
});
