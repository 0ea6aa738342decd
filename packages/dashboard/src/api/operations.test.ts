import { expect, test } from "vitest";
import { operationFilter } from "./operations.ts";

test("an operation has every condition of the list that somebody looks at", () => {
  const list = {
    status: "FAILED,RUNNING",
    function: "shop-a",
    app: "shop",
    from: "1",
    until: "2",
    text: "o-7",
    if: "x",
  };
  expect(operationFilter(list)).toEqual({ ...list, status: ["FAILED", "RUNNING"] });
  expect(operationFilter({ text: "o-7", if: undefined })).toEqual({ text: "o-7" });
});
