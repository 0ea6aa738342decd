import { expect, test } from "vitest";
import { nodeVersionProblem } from "./node-version.ts";

test("a Node that is too old is refused with one line that says the fix", () => {
  const problem = nodeVersionProblem("v20.20.2");
  expect(problem).toBe(
    "stepwell needs Node 22.18 or newer; this is v20.20.2. Install a newer Node, for example `npx -p node@24 stepwell dev`.",
  );
  expect(nodeVersionProblem("v22.17.1")).not.toBeNull();
  expect(nodeVersionProblem("v18.0.0")).not.toBeNull();
});

test("the needed version and newer ones will do", () => {
  expect(nodeVersionProblem("v22.18.0")).toBeNull();
  expect(nodeVersionProblem("v24.0.0")).toBeNull();
  expect(nodeVersionProblem("v100.1.2")).toBeNull();
});
