import pc from "picocolors";
import { expect, test } from "vitest";
import { table } from "./table.ts";

const plain = pc.createColors(false);
const columns = [{ title: "STATUS" }, { title: "FUNCTION", isFlexible: true }, { title: "RUN" }];
const rows = [
  ["failed", "shop-send-the-monthly-newsletter", "01J"],
  ["completed", "shop-pay", "01K"],
];

test("columns are as wide as their widest cell", () => {
  expect(table(columns, rows, 200, plain).split("\n")).toEqual([
    "STATUS     FUNCTION                          RUN",
    "failed     shop-send-the-monthly-newsletter  01J",
    "completed  shop-pay                          01K",
  ]);
});

test("names give way to the width of the terminal, ids do not", () => {
  expect(table(columns, rows, 30, plain).split("\n")).toEqual([
    "STATUS     FUNCTION        RUN",
    "failed     shop-send-the…  01J",
    "completed  shop-pay        01K",
  ]);
});

test("colours take no room", () => {
  const colored = [["\u001b[31mfailed\u001b[39m", "a", "01J"]];
  expect(table(columns, colored, 80, plain).split("\n")[1]).toBe("\u001b[31mfailed\u001b[39m  a         01J");
});

test("what is shown instead of a control character takes its room", () => {
  const [title, row] = table(columns, [["failed", "a\u0007b", "01J"]], 80, plain).split("\n");
  expect(row).toBe("failed  a\\u0007b  01J");
  expect(title?.indexOf("RUN")).toBe(row?.indexOf("01J"));
});

test("a name with an end of a line in it stays in its row", () => {
  expect(table(columns, [["failed", "a\r\nfailed  b", "01J"]], 80, plain).split("\n")).toHaveLength(2);
});
