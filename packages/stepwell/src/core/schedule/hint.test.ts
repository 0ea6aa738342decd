import fc from "fast-check";
import { expect, test } from "vitest";
import type { JobKind } from "../run/run.ts";
import { type PlacedRun, standsIn, storePlace } from "./hint.ts";

const KINDS: readonly JobKind[] = ["discover", "step", "sleep", "request", "lease"];
const runs = fc.record<PlacedRun>({
  functionId: fc.constantFrom("fn", "fn-b", "b"),
  flow: fc.constantFrom(null, { keys: {} }, { keys: { b: "" } }, { keys: { b: "1" }, throttle: "x" }),
  status: fc.constantFrom("queued", "running"),
  createdAt: fc.constant(0),
});

test("a job stands in the lane that would be written for it, and in no other", () => {
  const kinds = fc.constantFrom(...KINDS);
  fc.assert(
    fc.property(runs, kinds, runs, kinds, (run, kind, other, otherKind) => {
      const { lane } = storePlace(other, otherKind);
      expect(standsIn(lane, run, kind)).toBe(lane === storePlace(run, kind).lane);
    }),
  );
});
