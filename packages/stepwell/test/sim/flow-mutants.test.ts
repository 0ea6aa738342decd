/** Builds in which flow control is broken on purpose (mutant-rig.ts): each must be caught within a few worlds of it. */
import { describe, expect, test } from "vitest";
import { Admission } from "../../src/core/flow/admission.ts";
import { Gates } from "../../src/core/flow/gates.ts";
import { every, MUTANT_MS_MAX, patch, ruleBrokenBy, simulatorWith } from "./mutant-rig.ts";
import { runSeed } from "./run-seed.ts";
import type { Mutation } from "./world.ts";

const patience = { timeout: MUTANT_MS_MAX };
type Rule = (...args: never[]) => unknown;
type Spec = { readonly limit: number };

const inFlow =
  (run: typeof runSeed) =>
  (seed: number, mutation: Mutation = {}) =>
    run(seed, mutation, "flow");

const brokenBy = (mutation: Mutation, seedsMax: number, run = runSeed) => ruleBrokenBy(mutation, seedsMax, inFlow(run));

async function withModule(path: string, name: string, make: (original: Rule) => Rule) {
  return simulatorWith(path, (original) => ({ [name]: make(original[name] as Rule) }));
}

const RULES = "../../src/core/flow/rules.ts";
const THROTTLE = "../../src/core/flow/throttle.ts";

describe("limits", () => {
  test("a limit on calls lets one more", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).map((spec) => ({ ...spec, limit: spec.limit + 1 }));
    expect(await brokenBy({}, 100, await withModule(RULES, "callGates", more))).toBe("FL1");
  });

  test("a limit on runs lets one more", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).map((spec) => ({ ...spec, limit: spec.limit + 1 }));
    expect(await brokenBy({}, 100, await withModule(RULES, "runGates", more))).toBe("FL2");
  });

  test("a limit lets one less", patience, async () => {
    const less =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).map((spec) => ({ ...spec, limit: Math.max(1, spec.limit - 1) }));
    expect(await brokenBy({}, 100, await withModule(RULES, "callGates", less))).toBe("QC1");
  });

  test("the last of the rules is left out", patience, async () => {
    const fewer =
      (original: Rule): Rule =>
      (...args) =>
        (original(...args) as Spec[]).slice(0, 1);
    expect(await brokenBy({}, 100, await withModule(RULES, "callGates", fewer))).toBe("FL1");
  });

  test("a place is not given back", patience, async () => {
    const isHit = every(20);
    patch(
      Gates,
      "leave",
      (leave) =>
        function (this: Gates, holder) {
          if (!isHit()) leave.call(this, holder);
        },
    );
    expect(await brokenBy({}, 50)).toMatch(/QC1|FL3|liveness/);
  });

  test("a turn that was not used is not passed on", patience, async () => {
    patch(Gates, "settled", () => () => {});
    expect(await brokenBy({}, 50)).toMatch(/QC1|FL3|liveness/);
  });

  test("whole runs have no place after a restart", patience, async () => {
    patch(Admission, "holdAgain", () => () => {});
    expect(await brokenBy({}, 100)).toBe("FL2");
  });
});

describe("throttles", () => {
  test("a start costs nothing", patience, async () => {
    const free = (): Rule => (_rule, fullAt, now) => Math.max(fullAt ?? now, now);
    expect(await brokenBy({}, 50, await withModule(THROTTLE, "afterStart", free))).toBe("TR1");
  });

  test("a start costs twice", patience, async () => {
    const dear =
      (original: Rule): Rule =>
      (rule, fullAt, now) =>
        original(rule, original(rule, fullAt, now) as never, now);
    expect(await brokenBy({}, 50, await withModule(THROTTLE, "afterStart", dear))).toBe("QC1");
  });

  test("one more may come at once", patience, async () => {
    const more =
      (original: Rule): Rule =>
      (rule: { burst: number }, fullAt, now) =>
        original({ ...rule, burst: rule.burst + 1 } as never, fullAt, now);
    expect(await brokenBy({}, 50, await withModule(THROTTLE, "allowedAt", more as never))).toBe("TR1");
  });

  test("what was charged is forgotten at a restart", patience, async () => {
    patch(Admission, "restoreThrottle", () => () => {});
    expect(await brokenBy({}, 150)).toBe("TR1");
  });

  test("nobody is told of the next start", patience, async () => {
    patch(Gates, "open", () => () => {});
    expect(await brokenBy({}, 50)).toMatch(/QC1|liveness/);
  });
});
