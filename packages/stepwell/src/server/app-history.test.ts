import { expect, test } from "vitest";
import { FUNCTION } from "../../test/server/api-harness.ts";
import type { StoredFunction } from "../core/batch.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import { appHistory, diffOf } from "./app-history.ts";

const config = (raw: FunctionConfig["raw"], fields: Partial<FunctionConfig> = {}): FunctionConfig => {
  return { ...FUNCTION, ...fields, raw };
};

function storeOf(stored: Partial<StoredFunction>, ...raws: readonly FunctionConfig["raw"][]) {
  const versions = raws.map((raw, index) => ({
    version: index + 1,
    changedAt: 100 * (index + 1),
    config: config(raw),
  }));
  const last = versions.at(-1)!;
  const row = { fn: last.config, version: last.version, isArchived: false, changedAt: last.changedAt, paused: null };
  return {
    loadRegistry: async () => ({ apps: [], schedules: [], functions: [{ ...row, ...stored }] }),
    listFunctionVersions: async () => [...versions].reverse(),
  };
}

test("each sync that changed something is told, the newest first", async () => {
  const history = await appHistory(storeOf({}, { retries: 3 }, { retries: 5 }), "shop", 10);
  expect(history).toEqual([
    {
      at: 200,
      functions: [
        { slug: "shop-send", kind: "changed", version: 2, changes: [{ path: "retries", before: 3, after: 5 }] },
      ],
    },
    { at: 100, functions: [{ slug: "shop-send", kind: "added", version: 1, changes: [] }] },
  ]);
});

test("a function that is not served any more was removed", async () => {
  const [newest] = await appHistory(storeOf({ isArchived: true, changedAt: 900 }, {}), "shop", 10);
  expect(newest).toMatchObject({ at: 900, functions: [{ kind: "removed" }] });
});

test("another app has a history of its own", async () => {
  expect(await appHistory(storeOf({}, {}), "other", 10)).toEqual([]);
});

test("what came and what went is told by its place", () => {
  const before = config({ triggers: [{ event: "a" }], throttle: { limit: 1 } });
  const after = config({ triggers: [{ event: "b" }, { cron: "@daily" }] });
  expect(diffOf(before, after)).toEqual([
    { path: "throttle.limit", before: 1, after: undefined },
    { path: "triggers[0].event", before: "a", after: "b" },
    { path: "triggers[1].cron", before: undefined, after: "@daily" },
  ]);
});
