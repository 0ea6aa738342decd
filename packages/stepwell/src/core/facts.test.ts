import { describe, expect, test } from "vitest";
import { noFacts, recentOf } from "../../test/facts.ts";
import { Facts, type WaiterQuery } from "./facts.ts";
import { waitSet } from "./match/wait-names.ts";

const key = { kind: "signal", functionId: "", key: "go" } as const;

function query(more: Partial<WaiterQuery> = {}): WaiterQuery {
  const keys = [{ path: "data.id", value: "n:1" }];
  return { subject: "e", topic: "event", name: "reply", keys, afterRunId: null, limit: 3, ...more };
}

const place = waitSet("event", "reply", "data.id", "n:1");

describe("facts", () => {
  test("that were asked for and not found are known to be absent", () => {
    const facts = noFacts();
    facts.addEvents(["one", "two"], ["two"]);
    expect([facts.hasEvent("one"), facts.hasEvent("two")]).toEqual([false, true]);
    facts.addFlow([key], []);
    expect(facts.flow(key)).toBeNull();
  });

  test("decided lately win over what was loaded, also when they say that it is gone", () => {
    const facts = noFacts();
    facts.addFlow([key], [{ ...key, value: "old" }]);
    facts.noteFlow(key, "new");
    expect(facts.flow(key)).toBe("new");
    facts.forgetFlow(key);
    expect(facts.flow(key)).toBeNull();
  });

  test("are seen by whoever asks next, without a load", () => {
    const recent = recentOf();
    new Facts(recent).noteEvent("one");
    expect(new Facts(recent).hasEvent("one")).toBe(true);
  });
});

describe("who waits", () => {
  test("is whoever was loaded and whoever began since, each once, in the order of the ids", () => {
    const recent = recentOf();
    for (const runId of ["c", "a", "b"]) recent.join(place, runId);
    recent.join(waitSet("event", "reply", "data.id", "n:2"), "x");
    const facts = new Facts(recent);
    facts.addWaiters(query(), ["b"]);
    expect(facts.waiters(query())).toEqual({ runIds: ["a", "b", "c"], isComplete: true });
  });

  test("on a further page: only those within it", () => {
    const recent = recentOf();
    for (const runId of ["a", "c", "z"]) recent.join(place, runId);
    const facts = new Facts(recent);
    const page = query({ afterRunId: "b" });
    facts.addWaiters(page, ["d", "e", "f"]);
    expect(facts.waiters(page)).toEqual({ runIds: ["c", "d", "e", "f"], isComplete: false });
  });

  test("of a name that was not loaded is who began lately", () => {
    const recent = recentOf();
    recent.join(place, "a");
    expect(new Facts(recent).waiters(query())).toEqual({ runIds: ["a"], isComplete: true });
    expect(noFacts().waiters(query())).toEqual({ runIds: [], isComplete: true });
  });
});
