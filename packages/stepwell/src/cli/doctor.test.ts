import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { commandSays } from "../../test/cli/recording.ts";
import { startTestServer } from "../../test/server/harness.ts";
import { SqliteStore } from "../store/sqlite.ts";

/** A folder with an empty store, and the command on it. */
async function prepared() {
  const folder = mkdtempSync(join(tmpdir(), "stepwell-doctor-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "stepwell.db");
  const store = new SqliteStore({ path });
  await store.open();
  await store.close();
  const run = async (...args: string[]) => {
    const now = () => 1_700_000_000_000;
    const { code, out, err } = await commandSays(["doctor", "--data-dir", folder, ...args], {}, { now });
    return { code, out: out + err };
  };
  const damage = () => {
    const db = new DatabaseSync(path);
    db.exec(
      "INSERT INTO jobs (run_id, slot, partition, kind, attempt, due_at, order_at, is_delayed) VALUES ('01HZZZZZZZZZZZZZZZZZZZZZZZ', 'main', 0, 'discover', 0, 0, 0, 0)",
    );
    db.close();
  };
  return { folder, path, run, damage };
}

test("a sound store is said to be sound", async () => {
  const { run, path } = await prepared();
  expect(await run()).toEqual({ code: 0, out: `looked at nothing: it is empty\n✓ ${path} is sound` });
});

test("damage is told with an example and what would mend it, and nothing is changed", async () => {
  const { run, damage, path, folder } = await prepared();
  damage();
  const { code, out } = await run();
  expect(code).toBe(1);
  expect(out.split("\n")).toEqual([
    "looked at 1 jobs",
    "✗ 1 jobs of runs that have ended or do not exist  orphan_job",
    "    discover of run 01HZZZZZZZZZZZZZZZZZZZZZZZ (missing), slot main",
    "    --fix: delete_job × 1",
    `✗ ${path} is damaged`,
  ]);
  expect(readdirSync(folder).filter((name) => name.endsWith(".jsonl"))).toEqual([]);
});

test("--fix tells the plan, writes it beside the database, and leaves a sound store", async () => {
  const { run, damage, folder } = await prepared();
  damage();
  const { code, out } = await run("--fix");
  expect(code).toBe(0);
  const [log] = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  expect(out).toContain(`the plan is in ${join(folder, log!)}`);
  expect(
    readFileSync(join(folder, log!), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { action: "delete_job", runId: "01HZZZZZZZZZZZZZZZZZZZZZZZ", slot: "main" },
    { done: 1, at: "2023-11-14T22:13:20Z" },
  ]);
  expect((await run("--json")).out).toContain('"is_healthy":true');
});

test("a store that a server holds is looked at by the server, and not mended", async () => {
  const { run, path } = await prepared();
  const server = await startTestServer({ store: new SqliteStore({ path }) });
  const { code, out } = await run("--url", server.url);
  expect([code, out]).toEqual([0, expect.stringContaining(`✓ the store of ${server.url} is sound`)]);
  const fixed = await run("--fix");
  expect([fixed.code, fixed.out]).toEqual([1, expect.stringContaining("is in use by another process")]);
  expect((await run("--fix", "--url", server.url)).code).toBe(2);
});

test("a folder without a store is refused", async () => {
  const { run, folder } = await prepared();
  const { code, out } = await run("--data-dir", join(folder, "none"));
  expect([code, out]).toEqual([2, expect.stringContaining("there is no store at")]);
});
