import { expect, test } from "vitest";
import { Holders } from "./holders.ts";

test("holders are told in the order of coming, whoever has left between", () => {
  const holders = new Holders();
  expect([holders.size, holders.has("a"), [...holders]]).toEqual([0, false, []]);
  holders.add("a", 1);
  holders.add("b", 2);
  holders.add("c", 3);
  expect([holders.size, holders.has("a"), holders.has("c"), holders.has("d")]).toEqual([3, true, true, false]);
  holders.delete("a");
  holders.add("d", 4);
  expect([...holders]).toEqual([
    ["b", 2],
    ["c", 3],
    ["d", 4],
  ]);
  for (const name of ["b", "d", "c", "nobody"]) holders.delete(name);
  expect([holders.size, [...holders]]).toEqual([0, []]);
  holders.add("e", 5);
  expect([...holders]).toEqual([["e", 5]]);
});
