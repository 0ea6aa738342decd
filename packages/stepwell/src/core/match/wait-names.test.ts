import { expect, test } from "vitest";
import { WaitNames } from "./wait-names.ts";

const place = (name: string, path: string) => ({ kind: "event" as const, name, path });

test("a name is waited for by a path as long as one of its entries is left", () => {
  const names = new WaitNames();
  for (const path of ["", "data.id", "data.id", ""]) names.add(place("a", path));
  expect([...names.pathsOf("a")].sort()).toEqual(["", "data.id"]);
  names.remove(place("a", ""));
  names.remove(place("a", "data.id"));
  expect([...names.entries()].sort()).toEqual([
    ["event a ", 1],
    ["event a data.id", 1],
  ]);
  names.remove(place("a", ""));
  expect(names.pathsOf("a")).toEqual(["data.id"]);
  names.remove(place("a", "data.id"));
  expect([names.has("a"), names.size]).toEqual([false, 0]);
});

test("without a path too, however many there are", () => {
  const names = new WaitNames();
  names.add(place("a", ""), 3);
  names.add(place("a", ""));
  for (let left = 4; left > 0; left--) {
    expect(names.pathsOf("a")).toEqual([""]);
    names.remove(place("a", ""));
  }
  expect(names.size).toBe(0);
});

test("cancel rules are found by events", () => {
  const names = new WaitNames();
  names.add({ kind: "cancel", name: "a", path: "" });
  expect([names.has("a"), names.hasSignals]).toEqual([true, false]);
});

test("signals are counted together, so that their names take no memory", () => {
  const names = new WaitNames();
  for (let index = 0; index < 1_000; index++) names.add({ kind: "signal", name: `approve/${index}`, path: "" });
  expect([names.has("approve/7"), names.hasSignals, names.size]).toEqual([false, true, 1]);
  for (let index = 0; index < 1_000; index++) names.remove({ kind: "signal", name: `approve/${index}`, path: "" });
  expect([names.hasSignals, names.size]).toEqual([false, 0]);
});

test("what was never there can be taken away without an effect", () => {
  const names = new WaitNames();
  names.remove(place("a", ""));
  names.add(place("a", ""));
  names.remove(place("a", "data.id"));
  expect(names.pathsOf("a")).toEqual([""]);
});
