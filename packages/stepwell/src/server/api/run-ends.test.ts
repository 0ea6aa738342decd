import { describe, expect, test } from "vitest";
import { RUN, runRow } from "../../../test/server/api-harness.ts";
import type { Notice } from "../../core/batch.ts";
import type { RunRow } from "../../store/store.ts";
import { RunEnds } from "./run-ends.ts";

const ended = runRow({ status: "completed", endedAt: 1_700_000_001_000, output: "1" });

/** A store whose loads a test settles, and the engine's notices. */
function rig() {
  const loads: ((row: RunRow | null) => void)[] = [];
  let watcher: ((notices: readonly Notice[]) => void) | null = null;
  const ends = new RunEnds({
    engine: {
      watch(next) {
        watcher = next;
        return () => {
          watcher = null;
        };
      },
    },
    store: { getRun: () => new Promise((resolve) => loads.push(resolve)) },
  });
  return {
    ends,
    loads,
    end: (id: string) => watcher?.([{ kind: "run_ended", id } as Notice]),
    isWatching: () => watcher !== null,
  };
}

const patience = (signal = new AbortController().signal) => ({ waitMs: 60_000, signal });

describe("waiting for a run", () => {
  test("sees an end that comes while the row is being loaded", async () => {
    const { ends, loads, end, isWatching } = rig();
    const waiting = ends.wait(RUN, patience());
    end(RUN);
    loads[0]!(runRow());
    await expect.poll(() => loads.length).toBe(2);
    loads[1]!(ended);
    expect(await waiting).toBe(ended);
    expect(isWatching()).toBe(false);
  });

  test("does not wait for a run that has ended, or that is not there", async () => {
    const { ends, loads } = rig();
    const first = ends.wait(RUN, patience());
    const second = ends.wait(RUN, patience());
    loads[0]!(ended);
    loads[1]!(null);
    expect([await first, await second, ends.waiting]).toEqual([ended, null, 0]);
  });

  test("stops when the client goes away, and wakes nobody else", async () => {
    const { ends, loads, isWatching } = rig();
    const client = new AbortController();
    const gone = ends.wait(RUN, patience(client.signal));
    const staying = ends.wait(RUN, patience());
    loads[0]!(runRow());
    loads[1]!(runRow());
    client.abort();
    await expect.poll(() => loads.length).toBe(3);
    loads[2]!(runRow());
    await gone;
    expect([ends.waiting, isWatching()]).toEqual([1, true]);
    void staying;
  });
});
