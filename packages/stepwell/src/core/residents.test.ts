import { beforeEach, describe, expect, test } from "vitest";
import { RunRig } from "../../test/run-rig.ts";
import { Residents } from "./residents.ts";
import type { Run } from "./run/run.ts";

const never = () => false;
const always = () => true;

let residents: Residents;
let run: Run;

beforeEach(() => {
  residents = new Residents(10);
  run = new RunRig().run;
});

/** Everything of the open batch is stored. */
function store(isDue: (run: Run) => boolean = never): void {
  residents.closeBatch(1);
  residents.batchStored(1, isDue);
}

describe("a run stays (R2)", () => {
  test("until its change is stored", () => {
    residents.add(run);
    residents.release([run.id], never);
    expect(residents.has(run.id)).toBe(true);
    residents.closeBatch(1);
    residents.release([run.id], never);
    expect(residents.has(run.id)).toBe(true);
    residents.batchStored(1, never);
    expect(residents.has(run.id)).toBe(false);
  });

  test("while a later change is being stored", () => {
    residents.add(run);
    residents.closeBatch(1);
    residents.change(run);
    residents.closeBatch(2);
    residents.batchStored(1, never);
    expect(residents.has(run.id)).toBe(true);
    residents.batchStored(2, never);
    expect(residents.has(run.id)).toBe(false);
  });

  test("until the last command that pinned it is done with it", () => {
    residents.pin([run.id]);
    residents.pin([run.id]);
    residents.adopt([run.id], [run]);
    for (const isHere of [true, false]) {
      residents.unpin([run.id]);
      residents.release([run.id], never);
      expect(residents.has(run.id)).toBe(isHere);
    }
  });

  test("between two of its jobs, as far as there is room", () => {
    residents = new Residents(1);
    residents.add(run);
    store(always);
    expect(residents.has(run.id)).toBe(true);
    const other = { ...run, id: "other" };
    residents.add(other);
    store(always);
    expect([residents.has(run.id), residents.has("other")]).toEqual([true, false]);
  });
});

describe("a run that is wanted (R3)", () => {
  test("is asked for once, and every action runs when it is here", () => {
    const done: string[] = [];
    residents.want(run.id, () => done.push("a"));
    residents.want(run.id, () => done.push("b"));
    expect(residents.takeWanted()).toEqual([run.id]);
    expect(residents.takeWanted()).toEqual([]);
    residents.adopt([run.id], [run]);
    residents.adopt([run.id], [run]);
    expect([done, residents.loading]).toEqual([["a", "b"], 0]);
  });

  test("is acted on when it turns out not to exist", () => {
    const seen: (Run | undefined)[] = [];
    residents.want("gone", () => seen.push(residents.get("gone")));
    residents.adopt(["gone"], []);
    expect(seen).toEqual([undefined]);
  });
});

describe("a run that collects events (R4)", () => {
  const collecting = (id: string, count: number): Run => {
    const events = Array.from({ length: count }, (_, index) => ({ id: `e${index}`, name: "a", json: "{}" }));
    return { ...run, id, events, jobs: new Map([["main", { ...run.jobs.get("main")!, kind: "collect" }]]) };
  };

  test("stays once it has many, and leaves when it has begun", () => {
    const [few, many] = [collecting("few", 2), collecting("many", 8)];
    residents.add(few);
    residents.add(many);
    store();
    expect([residents.has("few"), residents.has("many")]).toEqual([false, true]);
    many.jobs.clear();
    residents.change(many);
    store();
    expect(residents.has("many")).toBe(false);
  });

  test("makes room for those that were needed later", () => {
    residents = new Residents(100);
    for (let number = 0; number < 20; number++) residents.add(collecting(`run ${number}`, 8));
    store();
    expect(residents.size).toBe(16);
    expect([residents.has("run 3"), residents.has("run 4")]).toEqual([false, true]);
  });
});
