import { expect, test } from "vitest";
import { StepwellError } from "../protocol/errors.ts";
import type { Syncer } from "./sync.ts";
import { SyncFailures } from "./sync-failures.ts";

const URL = "http://127.0.0.1:3000/api/stepwell";
const refusal = new StepwellError("sync_failed", { url: URL, failure: "unreachable", reason: "nobody" });

function syncerOf(sync: Syncer["sync"]): Syncer {
  return { sync, register: async () => false };
}

test("an address that cannot be synced is listed, with how often, until it answers", async () => {
  let now = 1;
  let isUp = false;
  const failures = new SyncFailures(() => now++);
  const syncer = failures.watching(
    syncerOf(async () => {
      if (isUp) return { kind: "in_band", isModified: false, appId: "shop" };
      throw refusal;
    }),
  );
  await expect(syncer.sync(URL)).rejects.toBe(refusal);
  await expect(syncer.sync(URL)).rejects.toBe(refusal);
  expect(failures.list()).toMatchObject([{ firstAt: 1, lastAt: 2, count: 2, error: refusal }]);
  isUp = true;
  await syncer.sync(URL);
  expect(failures.list()).toEqual([]);
});

test("a hundred addresses are kept, the latest ones", () => {
  const failures = new SyncFailures(() => 1);
  for (let port = 1; port <= 150; port++) failures.failed(`http://127.0.0.1:${port}/api`, refusal);
  expect(failures.list()).toHaveLength(100);
  expect(failures.list().some(({ url }) => url.includes(":1/"))).toBe(false);
});
