import { expect, test } from "vitest";
import { config } from "../../test/run-rig.ts";
import type { StoredEvent } from "../protocol/event.ts";
import { Batch } from "./batch.ts";
import { type KnownFacts, startRuns } from "./intake.ts";
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

function facts(): KnownFacts & { readonly runs: Map<string, string> } {
  const runs = new Map<string, string>();
  return {
    runs,
    hasEvent: () => false,
    noteEvent() {},
    runOf: (functionId, key) => runs.get(`${functionId} ${key}`) ?? null,
    noteRun: (functionId, key, runId) => void runs.set(`${functionId} ${key}`, runId),
  };
}

function start(matches: readonly TriggerMatch[], of: StoredEvent, known: KnownFacts | null) {
  const batch = new Batch();
  const created: Omit<NewRun, "id" | "env" | "partition">[] = [];
  const runIds = startRuns(
    {
      now: () => NOW,
      env: () => "default",
      batch: () => batch,
      create: (fields) => ({ id: `run-${created.push(fields)}` }) as Run,
    },
    matches,
    of,
    known,
  );
  return { batch, created, runIds };
}

test("every function that matched starts, with the event it starts for", () => {
  const { created, runIds } = start([matched("f"), matched("g")], event(), facts());
  expect(runIds).toEqual(["run-1", "run-2"]);
  expect(created[0]).toMatchObject({ functionId: "f", startAt: NOW, events: [{ id: "e", name: "a", json: "{}" }] });
});

test("a function whose condition is false leaves a decision with the reason", () => {
  const { batch, runIds } = start([{ fn: config(3), outcome: "filtered", reason: "it is false" }], event(), facts());
  expect(runIds).toEqual([]);
  expect(batch.decisions).toMatchObject([{ eventId: "e", outcome: "filtered", reason: "it is false", runId: null }]);
});

test("a producer's id starts a function once; the duplicate names the run", () => {
  const known = facts();
  start([matched("f")], event({ idempotencyId: "p" }), known);
  const { batch, created } = start([matched("f")], event({ id: "e2", idempotencyId: "p" }), known);
  expect(created).toEqual([]);
  expect(batch.decisions).toMatchObject([{ eventId: "e2", outcome: "deduplicated", runId: "run-1" }]);
});

test("the id is remembered for a day, for each function on its own", () => {
  const known = facts();
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
