import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { APP_ERRORS } from "./app-errors.ts";
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

test("what the SDK throws has its texts without the whole catalogue", async () => {
  const folders = [new URL("../sdk/", import.meta.url), new URL("./", import.meta.url)];
  const codes = new Set<string>();
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const text = readFileSync(new URL(name, folder), "utf8");
      for (const [, code] of text.matchAll(/new StepwellError\(\s*"(\w+)"/g)) codes.add(code!);
    }
  }
  expect(codes.size).toBeGreaterThan(20);
  expect([...codes].filter((code) => !(code in APP_ERRORS))).toEqual([]);
});

test("a code without a text here is still an error with its code", () => {
  const error = new StepwellError("of_a_newer_version" as never);
  expect([error.code, error.status]).toEqual(["of_a_newer_version", 500]);
});
