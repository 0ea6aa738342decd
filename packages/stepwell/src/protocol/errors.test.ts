import { expect, test } from "vitest";
import { errorMessage, StepwellError } from "./errors.ts";

test("message and fix have their details filled in", () => {
  const error = new StepwellError("run_state_gone", { run: "01J" });
  expect(error.message).toContain("run 01J.");
  expect(error.fix).toContain("/v1/runs/01J ");
});

test("a reason that is a sentence keeps its own full stop, and gets no second one", () => {
  const message = (reason: string) => errorMessage("send_failed", { reason });
  expect(message("Authentication failed.")).toBe("The events could not be sent: Authentication failed.");
  expect(message("do the keys match?")).toBe("The events could not be sent: do the keys match?");
  expect(message("no answer")).toBe("The events could not be sent: no answer.");
});

test("a detail that is not given keeps its braces", () => {
  expect(errorMessage("not_found")).toBe("{what} was not found.");
});
