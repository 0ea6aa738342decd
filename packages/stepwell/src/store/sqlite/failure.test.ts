import { expect, test } from "vitest";
import { StepwellError } from "../../protocol/errors.ts";
import { failureOf, storeError } from "./failure.ts";

const sqliteError = (errcode: number) =>
  Object.assign(new Error("what SQLite said"), { code: "ERR_SQLITE_ERROR", errcode });
const codeOf = (error: unknown) => failureOf(error, "x.db").code;

test("SQLite's codes become the catalogue's, extended ones too", () => {
  expect(codeOf(sqliteError(13))).toBe("store_full");
  expect(codeOf(sqliteError(11 | (2 << 8)))).toBe("store_corrupt");
  expect(codeOf(sqliteError(26))).toBe("store_corrupt");
  expect(codeOf(sqliteError(5 | (2 << 8)))).toBe("store_busy");
  expect(codeOf(sqliteError(10 | (3 << 8)))).toBe("store_failed");
});

test("a full disk is recognised by the system's code, and anything else is kept in the message", () => {
  expect(codeOf(Object.assign(new Error("no space"), { code: "ENOSPC" }))).toBe("store_full");
  expect(storeError(new TypeError("odd"), "x.db").message).toBe("The database x.db failed: odd.");
});

test("an error that has its code keeps it", () => {
  const error = new StepwellError("store_newer", { path: "y", found: 2, known: 1 });
  expect(storeError(error, "x.db")).toBe(error);
  expect(failureOf(error, "x.db")).toEqual({ code: "store_newer", details: { path: "y", found: 2, known: 1 } });
});
