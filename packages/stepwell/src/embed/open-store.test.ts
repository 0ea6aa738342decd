import { expect, test } from "vitest";
import { sqliteMissing } from "./open-store.ts";

test("a Node without SQLite is told which one is needed; any other failure stays what it is", () => {
  const unknown = Object.assign(new Error("No such built-in module: node:sqlite"), {
    code: "ERR_UNKNOWN_BUILTIN_MODULE",
  });
  expect(sqliteMissing(unknown)).toMatchObject({
    code: "node_too_old",
    message: `stepwell needs Node 22.18 or newer; this is ${process.version}.`,
    cause: unknown,
  });
  const other = new Error("the disk is gone");
  expect(sqliteMissing(other)).toBe(other);
});
