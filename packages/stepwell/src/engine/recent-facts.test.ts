import { expect, test } from "vitest";
import { RecentFacts } from "./recent-facts.ts";

test("a fact stays until its batch is stored", () => {
  const facts = new RecentFacts();
  facts.add(0, "k", "v");
  expect(facts.get("k")).toBe("v");
  facts.stored(0);
  expect(facts.get("k")).toBeUndefined();
});

test("a load that began before the batch was stored may miss the fact, so it stays until the load has arrived", () => {
  const facts = new RecentFacts();
  facts.add(0, "k", "v");
  const load = facts.loadBegan();
  facts.stored(0);
  expect(facts.get("k")).toBe("v");
  facts.loadEnded(load);
  expect(facts.get("k")).toBeUndefined();
});

test("a load that began afterwards does not hold it", () => {
  const facts = new RecentFacts();
  facts.add(0, "k", "v");
  facts.stored(0);
  facts.loadBegan();
  facts.add(1, "l", "w");
  facts.stored(1);
  expect(facts.get("k")).toBeUndefined();
  expect(facts.get("l")).toBe("w");
});

test("a fact that was decided again belongs to the later batch", () => {
  const facts = new RecentFacts();
  facts.add(0, "k", "first");
  facts.add(1, "k", "second");
  facts.stored(0);
  expect(facts.get("k")).toBe("second");
  facts.stored(1);
  expect(facts.get("k")).toBeUndefined();
});

test("the oldest of several loads decides", () => {
  const facts = new RecentFacts();
  const first = facts.loadBegan();
  facts.add(0, "k", "v");
  facts.stored(0);
  const second = facts.loadBegan();
  facts.loadEnded(second);
  expect(facts.get("k")).toBe("v");
  facts.loadEnded(first);
  expect(facts.get("k")).toBeUndefined();
});

test("what joined a set is its member until its batch is stored and every older load has arrived", () => {
  const facts = new RecentFacts();
  facts.join(0, "set", "a");
  const load = facts.loadBegan();
  facts.join(1, "set", "b");
  facts.stored(0);
  expect([...facts.members("set")]).toEqual(["a", "b"]);
  facts.loadEnded(load);
  expect([...facts.members("set")]).toEqual(["b"]);
  facts.stored(1);
  expect([...facts.members("set")]).toEqual([]);
});

test("a member that joined again belongs to the later batch", () => {
  const facts = new RecentFacts();
  facts.join(0, "set", "a");
  facts.join(1, "set", "a");
  facts.stored(0);
  expect([...facts.members("set")]).toEqual(["a"]);
  facts.stored(1);
  expect([...facts.members("set")]).toEqual([]);
});
