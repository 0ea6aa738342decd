import { expect, test } from "vitest";
import { planned, RunRig, START, sleeping } from "../../../test/run-rig.ts";

test("a run ends once", () => {
  const rig = new RunRig();
  const call = rig.call()!;
  rig.answer(call, rig.returned("1"));
  rig.cancel();
  expect(rig.run.status).toBe("completed");
  expect(rig.ended).toEqual(["completed"]);
});

test("an ended run leaves no job, and what was never stored is not deleted", () => {
  const rig = new RunRig();
  rig.store();
  rig.report("main", planned("a"), sleeping("z", "1d"));
  rig.cancel();
  const batch = rig.store();
  expect(rig.slots).toEqual([]);
  expect([...batch.deletedJobs].map((job) => job.slot)).toEqual(["main"]);
  expect(batch.jobs.size).toBe(0);
});

test("the end, its time and its notice are one transition", () => {
  const rig = new RunRig();
  rig.now = START + 5;
  rig.cancel();
  expect(rig.run.endedAt).toBe(START + 5);
  expect(rig.batch.runs.has(rig.run)).toBe(true);
  expect(rig.batch.notices.at(-1)).toMatchObject({ kind: "run_ended", status: "cancelled" });
});

test("an output that does not fit fails the run instead", () => {
  const rig = new RunRig({ limits: { runStateBytesMax: 20 } });
  rig.answer(rig.call()!, rig.returned(`"${"x".repeat(30)}"`));
  expect(JSON.parse(rig.run.error!)).toMatchObject({ code: "run_state_too_large" });
  expect(rig.run.output).toBeNull();
});
