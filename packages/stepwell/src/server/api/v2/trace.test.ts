import { describe, expect, test } from "vitest";
import { OTHER_RUN, RUN, runRow } from "../../../../test/server/api-harness.ts";
import type { ListedStep, RunRow, StepPage } from "../../../store/store.ts";
import type { ApiContext } from "../api-engine.ts";
import { traceOf } from "./trace.ts";

function step(runId: string, name: string, fields: Partial<ListedStep> = {}): ListedStep {
  return {
    runId,
    id: name.repeat(40).slice(0, 40),
    kind: "run",
    name,
    index: 0,
    seq: 0,
    status: "completed",
    memo: '{"data":1}',
    options: null,
    childRunId: null,
    editedInput: null,
    isRace: false,
    attempts: 0,
    queuedAt: 1_000,
    startedAt: 1_500,
    endedAt: 2_000,
    dueAt: null,
    ...fields,
  };
}

function contextOf(runs: readonly RunRow[], steps: readonly ListedStep[], asked: string[][] = []): ApiContext {
  const stepsOf = (runId: string, limit: number) => steps.filter((one) => one.runId === runId).slice(0, limit);
  return {
    engine: { apps: { anyFunction: () => undefined } },
    store: {
      listSteps: async (runId: string, { limit }: StepPage) => stepsOf(runId, limit),
      listRunDetails: async (_env: string, ids: readonly string[], stepsMax: number) => {
        asked.push([...ids]);
        const found = ids.flatMap((id) => runs.find((run) => run.id === id) ?? []);
        return found.map((run) => ({ run, steps: stepsOf(run.id, stepsMax), attempts: [] }));
      },
    },
  } as unknown as ApiContext;
}

interface Tree {
  readonly runId: string;
  readonly children: readonly Tree[];
}

describe("a trace", () => {
  test("has the run that a step invoked below it", async () => {
    const child = runRow({ id: OTHER_RUN, status: "completed", output: "7", endedAt: 1_700_000_000_250 });
    const steps = [
      step(RUN, "a", { kind: "invoke", status: "waiting", endedAt: null, memo: null, childRunId: OTHER_RUN }),
      step(OTHER_RUN, "b", { kind: "sleep" }),
    ];
    expect(await traceOf(contextOf([runRow(), child], steps), runRow(), true)).toMatchObject({
      status: "RUNNING",
      children: [
        {
          kind: "INVOKE",
          status: "INVOKING",
          childRunId: OTHER_RUN,
          isTruncated: false,
          children: [{ kind: "RUN", runId: OTHER_RUN, durationMs: "250", output: 7, children: [{ kind: "SLEEP" }] }],
        },
      ],
    });
  });

  test("ends where rows lead back, or lead nowhere, and says so", async () => {
    const child = runRow({ id: OTHER_RUN });
    const steps = [
      step(RUN, "a", { kind: "invoke", childRunId: OTHER_RUN }),
      step(RUN, "g", { kind: "invoke", childRunId: "01HZZZZZZZZZZZZZZZZZZZZZZZ" }),
      step(OTHER_RUN, "b", { kind: "invoke", childRunId: RUN }),
    ];
    expect(await traceOf(contextOf([runRow(), child], steps), runRow(), false)).toMatchObject({
      children: [
        { children: [{ children: [{ childRunId: RUN, isTruncated: true, children: [] }] }] },
        { isTruncated: true, children: [] },
      ],
    });
  });

  test("of a run with too many steps is cut, and says so", async () => {
    const steps = Array.from({ length: 5_002 }, (_unused, n) => step(RUN, `s${n}`));
    const trace = await traceOf(contextOf([runRow()], steps), runRow(), false);
    expect(trace["isTruncated"]).toBe(true);
    expect(trace["children"]).toHaveLength(5_000);
  });

  test("of a thousand children asks for them together, and for a large one alone", async () => {
    const ids = Array.from({ length: 1_000 }, (_unused, n) => String(n).padStart(26, "0"));
    const steps = ids.map((id, n) => step(RUN, `s${n}`, { kind: "invoke", childRunId: id }));
    const ofChildren = Array.from({ length: 300 }, (_unused, n) => step(ids[0]!, `c${n}`));
    const asked: string[][] = [];
    const context = contextOf([runRow(), ...ids.map((id) => runRow({ id }))], [...steps, ...ofChildren], asked);
    const trace = (await traceOf(context, runRow(), false)) as unknown as Tree;
    expect(trace.children.map((one) => one.children[0]?.runId)).toEqual(ids);
    expect(trace.children[0]?.children[0]?.children).toHaveLength(300);
    expect(asked).toHaveLength(21);
  });

  test("shows open steps of a run that has ended as cancelled", async () => {
    const run = runRow({ status: "cancelled", endedAt: 1_700_000_001_000 });
    const steps = [step(RUN, "a", { status: "sleeping", kind: "sleep", endedAt: null, memo: null })];
    expect(await traceOf(contextOf([run], steps), run, false)).toMatchObject({ children: [{ status: "CANCELLED" }] });
  });
});
