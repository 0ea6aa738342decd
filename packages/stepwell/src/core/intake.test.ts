import { describe, expect, test } from "vitest";
import { noFacts } from "../../test/facts.ts";
import { config, RunRig } from "../../test/run-rig.ts";
import type { StoredEvent } from "../protocol/event.ts";
import { Batch, type PauseMode } from "./batch.ts";
import type { Facts } from "./facts.ts";
import { startRuns } from "./intake.ts";
import type { TriggerMatch } from "./match/triggers.ts";
import type { NewRun } from "./run/create.ts";
import type { Run } from "./run/run.ts";

const NOW = 1_000;

const event = (more: Partial<StoredEvent> = {}): StoredEvent => ({
  id: "e",
  name: "a",
  ts: NOW,
  receivedAt: NOW,
  idempotencyId: null,
  json: "{}",
  isInternal: false,
  ...more,
});

const matched = (id: string): TriggerMatch => ({ fn: config(3, { id }), outcome: "matched" });

function start(matches: readonly TriggerMatch[], of: StoredEvent, known: Facts | null, pause: PauseMode | null = null) {
  const { context, run } = new RunRig();
  const runs: Run[] = [];
  const batch = new Batch();
  const created: Omit<NewRun, "id" | "env" | "partition">[] = [];
  const runIds = startRuns(
    {
      now: () => NOW,
      env: () => "default",
      batch: () => batch,
      context,
      create: (fields) => {
        const made = { ...run, id: `run-${created.push(fields)}` };
        runs.push(made);
        return made;
      },
      limitsOf: () => null,
      pauseOf: () => pause,
      open: (runId) => runs.find((one) => one.id === runId),
      queued: () => 0,
    },
    matches,
    { stored: of, parsed: {}, mayExist: false },
    known,
  );
  const skipped = runs.filter((one) => one.status === "skipped").map((one) => one.id);
  return { batch, created, runIds, skipped };
}

test("every function that matched starts, with the event it starts for", () => {
  const { created, runIds } = start([matched("f"), matched("g")], event(), noFacts());
  expect(runIds).toEqual(["run-1", "run-2"]);
  expect(created[0]).toMatchObject({ functionId: "f", startAt: NOW, events: [{ id: "e", name: "a", json: "{}" }] });
});

test("a function whose condition is false leaves a decision with the reason", () => {
  const { batch, runIds } = start([{ fn: config(3), outcome: "filtered", reason: "it is false" }], event(), noFacts());
  expect(runIds).toEqual([]);
  expect(batch.decisions).toMatchObject([{ eventId: "e", outcome: "filtered", reason: "it is false", runId: null }]);
});

test("a producer's id starts a function once; the duplicate names the run", () => {
  const known = noFacts();
  start([matched("f")], event({ idempotencyId: "p" }), known);
  const { batch, created } = start([matched("f")], event({ id: "e2", idempotencyId: "p" }), known);
  expect(created).toEqual([]);
  expect(batch.decisions).toMatchObject([{ eventId: "e2", outcome: "deduplicated", runId: "run-1" }]);
});

test("the id is remembered for a day, for each function on its own", () => {
  const known = noFacts();
  const { batch } = start([matched("f")], event({ idempotencyId: "p" }), known);
  expect(batch.flow).toMatchObject([{ functionId: "f", key: "p", value: "run-1", expiresAt: NOW + 86_400_000 }]);
  expect(start([matched("g")], event({ idempotencyId: "p" }), known).created).toHaveLength(1);
});

test("a future time delays the first call; a past one does not bring it forward", () => {
  expect(start([matched("f")], event({ ts: NOW + 500 }), null).created[0]!.startAt).toBe(NOW + 500);
  expect(start([matched("f")], event({ ts: NOW - 500 }), null).created[0]!.startAt).toBe(NOW);
});

test("the engine's own events are never duplicates", () => {
  const { batch, created } = start([matched("f")], event({ idempotencyId: "p", isInternal: true }), null);
  expect(created).toHaveLength(1);
  expect(batch.flow).toEqual([]);
});

describe("a paused function", () => {
  test("holds its runs: they are made, and wait", () => {
    const { runIds, skipped, batch } = start([matched("f")], event(), noFacts(), "hold");
    expect([runIds, skipped, batch.decisions]).toEqual([["run-1"], [], []]);
  });

  test("skips: a run that has ended says why", () => {
    const { runIds, skipped, batch } = start([matched("f")], event(), noFacts(), "skip");
    expect([runIds, skipped]).toEqual([[], ["run-1"]]);
    expect(batch.decisions).toMatchObject([{ outcome: "skipped", runId: "run-1", reason: "the function is paused" }]);
  });

  test("rejects: nothing is made, and the decision says why", () => {
    const { created, batch } = start([matched("f")], event(), noFacts(), "reject");
    expect(created).toEqual([]);
    expect(batch.decisions).toMatchObject([{ outcome: "rejected", runId: null }]);
  });

  test("still recognises what it has started", () => {
    const known = noFacts();
    start([matched("f")], event({ idempotencyId: "p" }), known);
    const { batch } = start([matched("f")], event({ id: "e2", idempotencyId: "p" }), known, "skip");
    expect(batch.decisions).toMatchObject([{ outcome: "deduplicated", runId: "run-1" }]);
  });
});
