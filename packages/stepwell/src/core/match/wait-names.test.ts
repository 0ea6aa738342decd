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

test("names beyond those that are kept by name are found still, by their paths, as long as they are waited for", () => {
  const names = new WaitNames(10);
  const all = Array.from({ length: 1_000 }, (_, index) => `order/${index}`);
  for (const name of all) for (const path of ["", "data.id", "data.id"]) names.add(place(name, path));
  expect([...names.entries()]).toHaveLength(20);
  expect(names.size).toBeGreaterThan(10);
  for (const name of all) expect([...names.pathsOf(name)].sort()).toEqual(["", "data.id"]);
  expect(all.filter((_, index) => names.has(`other/${index}`)).length).toBeLessThan(30);
  for (const name of all) names.remove(place(name, "data.id"));
  for (const name of all) expect([...names.pathsOf(name)].sort()).toEqual(["", "data.id"]);
  for (const name of all) for (const path of ["", "data.id"]) names.remove(place(name, path));
  expect([all.some((name) => names.has(name)), names.size]).toEqual([false, 0]);
});

test("a name stays where it stands while it is waited for, though there is room for it elsewhere", () => {
  const names = new WaitNames(1);
  names.add(place("a", ""));
  names.add(place("b", ""));
  names.remove(place("a", ""));
  names.add(place("b", ""));
  names.remove(place("b", ""));
  expect(names.pathsOf("b")).toEqual([""]);
  names.remove(place("b", ""));
  names.add(place("b", ""));
  expect([...names.entries()]).toEqual([["event b ", 1]]);
});

test("what was never there can be taken away without an effect", () => {
  const names = new WaitNames();
  names.remove(place("a", ""));
  names.add(place("a", ""));
  names.remove(place("a", "data.id"));
  expect(names.pathsOf("a")).toEqual([""]);
});
