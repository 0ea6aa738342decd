import { describe, expect, test } from "vitest";
import { noFacts } from "../../test/facts.ts";
import { asking, config, done } from "../../test/run-rig.ts";
import type { IncomingEvent } from "../protocol/event.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Command } from "./command.ts";
import type { Facts } from "./facts.ts";
import type { InboxContent } from "./inbox.ts";
import { WaitNames } from "./match/wait-names.ts";
import { missingFor, type NeedsView } from "./needs.ts";

/** What of the core a test says: `resident` runs, functions that listen, names that are waited for. */
function viewOf(
  more: { resident?: string[]; listeners?: string[]; waited?: string[]; signals?: string[] } = {},
): NeedsView {
  const waitNames = new WaitNames();
  for (const name of more.waited ?? []) waitNames.add({ kind: "event", name, path: "data.id" });
  for (const name of more.signals ?? []) waitNames.add({ kind: "signal", name, path: "" });
  return {
    waitNames,
    listeners: () => more.listeners ?? [],
    isResident: (runId) => (more.resident ?? []).includes(runId),
    now: () => 1,
    functionOf: (functionId) => config(3, { id: functionId }),
    find: (slugOrId) => (slugOrId === "app-f" ? config(3, { id: "f" }) : undefined),
    runOf: () => undefined,
    queued: () => 0,
  };
}

function event(id: string, more: Partial<IncomingEvent> & { key?: string; name?: string } = {}): IncomingEvent {
  const { key = null, name = "reply", ...rest } = more;
  const stored = { id, name, ts: 1, receivedAt: 1, idempotencyId: key, json: "{}", isInternal: false };
  return { stored, parsed: { data: { id: 1 } }, mayExist: false, ...rest };
}

const received = (...events: IncomingEvent[]): Command => ({ kind: "receive_events", events });
const delivered = (content: InboxContent): Command => ({ kind: "deliver", message: { id: "m", content } });
const waiters = (view: NeedsView, facts: Facts, command: Command) => missingFor(view, command, facts)?.waiters ?? [];

describe("an event", () => {
  test("that nobody waits for, of a producer without an id, needs nothing", () => {
    expect(missingFor(viewOf({ listeners: ["f"] }), received(event("e")), noFacts())).toBeNull();
  });

  test("that may be a repetition, or has an id of its producer, needs those facts once", () => {
    const facts = noFacts();
    const command = received(event("e", { mayExist: true, key: "k" }));
    const flow = { kind: "idempotency", functionId: "f", key: "k" } as const;
    const view = viewOf({ listeners: ["f"] });
    expect(missingFor(view, command, facts)).toMatchObject({ events: ["e"], flow: [flow] });
    facts.addEvents(["e"], []);
    facts.addFlow([flow], []);
    expect(missingFor(view, command, facts)).toBeNull();
  });

  test("that is waited for needs its waiters by the paths of its name, then their runs", () => {
    const facts = noFacts();
    const view = viewOf({ waited: ["reply"], resident: ["a"] });
    const [query] = waiters(view, facts, received(event("e")));
    expect(query).toMatchObject({ subject: "e", name: "reply", keys: [{ path: "data.id", value: "n:1" }] });
    facts.addWaiters(query!, ["a", "b"]);
    expect(missingFor(view, received(event("e")), facts)).toMatchObject({ runs: ["b"] });
    facts.addAbsentRuns(["b"]);
    expect(missingFor(view, received(event("e")), facts)).toBeNull();
  });

  test("with more waiters than there is room for needs none of their runs: messages see to them", () => {
    const facts = noFacts();
    const view = viewOf({ waited: ["reply"] });
    const command = received(event("e1"), event("e2"));
    const crowd = Array.from({ length: 600 }, (_, index) => `run-${index}`);
    for (const query of waiters(view, facts, command)) facts.addWaiters(query, crowd);
    expect(missingFor(view, command, facts)!.runs).toEqual(crowd);
    for (const query of waiters(view, noFacts(), command))
      facts.addWaiters(
        query,
        Array.from({ length: LIMITS.resumedRunsPerBatchMax + 1 }, (_, index) => `r${index}`),
      );
    expect(missingFor(view, command, facts)).toBeNull();
  });
});

test("of many events each asks for its share of waiters, and always for some", () => {
  const view = viewOf({ waited: ["reply"] });
  const limits = (count: number) => {
    const events = Array.from({ length: count }, (_, index) => event(`e${index}`));
    return new Set(waiters(view, noFacts(), received(...events)).map((query) => query.limit));
  };
  expect([...limits(1)]).toEqual([LIMITS.resumedRunsPerBatchMax + 1]);
  expect([...limits(100)]).toEqual([200]);
  expect([...limits(LIMITS.eventsPerRequestMax)]).toEqual([8]);
});

describe("a reply", () => {
  const reply = (...ops: ReturnType<typeof done>[]): Command => ({
    kind: "reply",
    runId: "r",
    slot: "main",
    functionId: "f",
    generation: 1,
    outcome: { kind: "ops", ops, requestVersion: 2, status: 206, retryAfterMs: null, unreached: [] },
  });

  test("of results needs nothing", () => {
    expect(missingFor(viewOf(), reply(done("s")), noFacts())).toBeNull();
  });

  test("of a step that sends needs whether its events are known", () => {
    const sent = event("e", { mayExist: true });
    const op = { ...done("s"), sends: { events: [sent, event("f")], signals: [] } };
    const checkpoint = { kind: "save_checkpoint", runId: "r", slot: "main", generation: 1, ops: [op] } as const;
    for (const command of [reply(op), checkpoint])
      expect(missingFor(viewOf({ resident: ["r"] }), command, noFacts())!.events).toEqual(["e"]);
  });

  test("that waits for a signal needs who else does, and whether it came early", () => {
    const view = viewOf({ signals: ["go"] });
    const op = asking("WaitForSignal", { opts: { signal: "go" } });
    const needs = missingFor(view, reply(op), noFacts())!;
    expect(needs.flow).toEqual([{ kind: "signal", functionId: "", key: "go" }]);
    expect(needs.waiters).toMatchObject([{ topic: "signal", name: "go" }]);
  });
});

describe("a message", () => {
  test.each<[string, InboxContent]>([
    [
      "a child that ended",
      { kind: "child_ended", runId: "r", slot: "s", childId: "c", memo: "1", status: "completed" },
    ],
    ["a cancellation", { kind: "cancel", runId: "r", parentRunId: "p", reason: "cancelled_by_parent", message: "" }],
    ["a lost signal", { kind: "drop_wait", runId: "r", slot: "s" }],
  ])("of %s needs its run", (_, content) => {
    expect(missingFor(viewOf(), delivered(content), noFacts())).toMatchObject({ runs: ["r"] });
    expect(missingFor(viewOf({ resident: ["r"] }), delivered(content), noFacts())).toBeNull();
  });

  test("of a look back needs the stored events and its run", () => {
    const span = { since: 5, until: 9, timeoutAt: 9, after: { receivedAt: 6, id: "e1" }, seen: 250 } as const;
    const content = { kind: "look_back", runId: "r", slot: "s", names: ["a"], isOptional: false, ...span } as const;
    const needs = missingFor(viewOf(), delivered(content), noFacts())!;
    expect(needs.past).toEqual([
      {
        subject: "m",
        names: ["a"],
        from: 5,
        until: 9,
        after: { receivedAt: 6, id: "e1" },
        limit: 250,
        charsMax: 8_000_000,
      },
    ]);
    expect(needs.runs).toEqual(["r"]);
  });

  test("of an event needs the event, then its waiters, then the first page of their runs", () => {
    const facts = noFacts();
    const view = viewOf({ waited: ["reply"] });
    const command = delivered({ kind: "event", eventId: "e", starts: false, at: 1, after: "run-0" });
    expect(missingFor(view, command, facts)).toMatchObject({ stored: ["e"], waiters: [], runs: [] });
    facts.addStored(["e"], [{ ...event("e").stored, json: '{"data":{"id":1}}' }]);
    const [query] = waiters(view, facts, command);
    expect(query).toMatchObject({ subject: "e", afterRunId: "run-0" });
    const crowd = Array.from({ length: LIMITS.resumedRunsPerBatchMax + 1 }, (_, index) => `run-${index + 1}`).sort();
    facts.addWaiters(query!, crowd);
    expect(missingFor(view, command, facts)!.runs).toEqual(crowd.slice(0, -1));
  });

  test("of an event that is gone needs nothing more", () => {
    const facts = noFacts();
    facts.addStored(["e"], []);
    const command = delivered({ kind: "event", eventId: "e", starts: true, at: 1, after: null });
    expect(missingFor(viewOf({ waited: ["reply"] }), command, facts)).toBeNull();
  });
});

test("an invoke with a key needs whether the key is known, unless there is no such function", () => {
  const command = (functionId: string, idempotencyKey: string | null): Command => ({
    kind: "invoke_function",
    functionId,
    event: event("e"),
    idempotencyKey,
  });
  expect(missingFor(viewOf(), command("app-f", "k"), noFacts())!.flow).toEqual([
    { kind: "idempotency", functionId: "f", key: "k" },
  ]);
  expect(missingFor(viewOf(), command("other", "k"), noFacts())).toBeNull();
  expect(missingFor(viewOf(), command("app-f", null), noFacts())).toBeNull();
});
