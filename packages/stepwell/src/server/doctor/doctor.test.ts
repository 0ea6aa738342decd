/** Stores that are damaged on purpose, each in one way: found, mended, and clean afterwards. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { answer, ask, post, registration, startApp, startTestServer } from "../../../test/server/harness.ts";
import type { Finding } from "../../store/integrity.ts";
import { SqliteStore } from "../../store/sqlite.ts";
import { check, mend } from "./mend.ts";

const folder = mkdtempSync(join(tmpdir(), "stepwell-doctor-"));
const SOUND = join(folder, "sound.db");
const NOW = Date.now();
/** Runs of the sound store, by function. */
let runs: Readonly<Record<string, string>> = {};

const op = (kind: string, opts: object = {}, name = "") => {
  return { op: kind, id: kind.toLowerCase().padEnd(40, "0"), name, displayName: kind, opts };
};
const OPS: Readonly<Record<string, object>> = {
  nap: op("Sleep", {}, "1h"),
  wait: op("WaitForEvent", { timeout: "1h" }, "never"),
  parent: op("InvokeFunction", { function_id: "shop-nap", payload: {} }),
};

/** A store with a run that sleeps, one that waits, one whose child sleeps, one that has completed, and a large event. */
async function makeSound(): Promise<void> {
  const server = await startTestServer({ store: new SqliteStore({ path: SOUND, synchronous: "normal" }) });
  const names = ["nap", "wait", "parent", "done"];
  const app = await startApp((call, response) => {
    const name = names.find((one) => call.url.includes(`shop-${one}`))!;
    if (name === "done") return answer(response, 200, { fine: true });
    return answer(response, 206, [OPS[name]]);
  });
  const slugs = names.map((name) => `shop-${name}`);
  const { functions, ...rest } = registration(app.url, slugs) as { functions: object[] };
  const own = functions.map((fn, index) => {
    return { ...fn, triggers: [{ event: names[index] }], concurrency: { fn: [{ limit: 9 }] } };
  });
  await post(`${server.url}/fn/register`, { ...rest, functions: own });
  const events = names.map((name) => ({
    name,
    id: `one-${name}`,
    data: name === "nap" ? { text: "x".repeat(100_000) } : {},
  }));
  const { ids } = (await post(`${server.url}/e/k`, events)).json;
  await server.runsEnded(1);
  const started = await Promise.all(
    ids.map(async (id) => (await ask(`${server.url}/v1/events/${id}/runs`)).json.data[0]!.run_id),
  );
  runs = Object.fromEntries(names.map((name, index) => [name, started[index]!]));
  await server.notice(({ kind, functionId }) => kind === "run_started" && functionId !== null);
  // Every run has answered once its step is stored.
  for (const name of ["nap", "wait", "parent"]) {
    for (;;) {
      const steps = (await ask(`${server.url}/v1/runs/${runs[name]}/steps`)).json.data;
      if (steps.length > 0) break;
    }
  }
  await server.stop();
}

let making: Promise<void> | null = null;
beforeEach(() => {
  making ??= makeSound(); // Made in the first test: servers of the harness end with a test.
  return making;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

let copies = 0;

/** A copy of the sound store, damaged by this SQL; what is found in it. */
async function damaged(sql: string, ...values: (string | number | null)[]) {
  const path = join(folder, `copy-${++copies}.db`);
  copyFileSync(SOUND, path);
  const db = new DatabaseSync(path);
  if (values.length === 0) db.exec(sql);
  else expect(Number(db.prepare(sql).run(...values).changes)).toBeGreaterThan(0);
  db.close();
  const store = new SqliteStore({ path, synchronous: "normal" });
  await store.open();
  onTestFinished(() => store.close());
  const findings: Finding[] = [];
  const report = await check(store, NOW, (finding) => findings.push(finding));
  return { path, store, report, codes: [...new Set(findings.map(({ code }) => code))] };
}

/** Damages, finds exactly this, mends, and finds nothing any more. */
async function expectMended(codes: readonly string[], sql: string, ...values: (string | number | null)[]) {
  const found = await damaged(sql, ...values);
  expect(found.codes).toEqual(codes);
  expect(found.report.isHealthy).toBe(false);
  const logPath = `${found.path}.jsonl`;
  const mended = await mend({ store: found.store, now: NOW, logPath, planned: () => {} });
  expect(mended.after.findings.filter(({ isNote }) => !isNote)).toEqual([]);
  expect(mended.repairs).toBeGreaterThan(0);
  expect(existsSync(`${logPath}.2`)).toBe(false); // One plan was enough.
  const lines = readFileSync(logPath, "utf8").trim().split("\n");
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ done: lines.length - 1 });
  return { ...found, mended, row: (id: string) => found.store.getRun("default", id) };
}

describe("a sound store", () => {
  test("has no findings, and nothing is written for it", async () => {
    const { report, store, path } = await damaged("SELECT 1");
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ isHealthy: true, looked: { runs: 5, "open runs": 4, jobs: 4, waits: 1 } });
    const mended = await mend({ store, now: NOW, logPath: `${path}.jsonl`, planned: () => {} });
    expect(mended.repairs).toBe(0);
    expect(() => readFileSync(`${path}.jsonl`)).toThrow("ENOENT");
  });
});

describe("rows that belong to nothing", () => {
  const JOB =
    "INSERT INTO jobs (run_id, slot, partition, kind, attempt, due_at, order_at, is_delayed) VALUES (?, 'main', 0, 'discover', 0, 0, 0, 0)";

  test("a job of a run that has ended, and of one that does not exist", async () => {
    await expectMended(["orphan_job"], JOB, runs["done"]!);
    await expectMended(["orphan_job"], JOB, "01HZZZZZZZZZZZZZZZZZZZZZZZ");
  });

  test("a wait of a run that has ended", async () => {
    const sql =
      "INSERT INTO waits (run_id, slot, seq, partition, kind, name, path, value, armed_at) VALUES (?, 's', 0, 0, 'event', 'a', '', '', 0)";
    await expectMended(["orphan_wait"], sql, runs["done"]!);
  });

  test("steps of a run that does not exist", async () => {
    const sql =
      "INSERT INTO steps (run_id, id, kind, name, idx, status, is_race, attempts, queued_at) VALUES (?, 's', 'run', 's', 0, 'planned', 0, 0, 0)";
    await expectMended(["orphan_step"], sql, "01HZZZZZZZZZZZZZZZZZZZZZZZ");
  });

  test("a message to a run that does not exist; one to a run that has ended is normal", async () => {
    const sql = "INSERT INTO inbox (id, partition, json) VALUES ('01HZZZZZZZZZZZZZZZZZZZZZZZ', 0, ?)";
    const message = (runId: string) => JSON.stringify({ kind: "drop_wait", runId, slot: "s" });
    await expectMended(["orphan_message"], sql, message("01HZZZZZZZZZZZZZZZZZZZZZZZ"));
    expect((await damaged(sql, message(runs["done"]!))).codes).toEqual([]);
  });

  test("a fact of flow control about a run that does not exist", async () => {
    const sql =
      "INSERT INTO flow_state (partition, kind, function_id, key, value, expires_at) VALUES (0, ?, 'f', 'k', '01HZZZZZZZZZZZZZZZZZZZZZZZ', 9e15)";
    await expectMended(["orphan_fact"], sql, "singleton");
    const remembered = await damaged(sql, "idempotency");
    expect([remembered.codes, remembered.report.isHealthy]).toEqual([["fact_of_gone_run"], true]);
  });

  test("a link from an event to a run that does not exist", async () => {
    await expectMended(
      ["orphan_event_link"],
      "INSERT INTO run_events (event_id, run_id) VALUES ('e', ?)",
      "01HZZZZZZZZZZZZZZZZZZZZZZZ",
    );
  });
});

describe("open runs", () => {
  test("without a job get one", async () => {
    const { store } = await expectMended(["stuck_run"], "DELETE FROM jobs WHERE run_id = ?", runs["nap"]!);
    const [run] = await store.loadRuns([runs["nap"]!]);
    expect([...run!.jobs.values()]).toMatchObject([{ slot: "main", kind: "discover", dueAt: NOW }]);
  });

  test("with a job of a step that is done lose it", async () => {
    await expectMended(
      ["unsound_run", "stuck_run"],
      "UPDATE steps SET memo = 'null', seq = 0, status = 'completed' WHERE run_id = ?",
      runs["nap"]!,
    );
  });

  test("with waits that no job ends lose them, and go on", async () => {
    const { store } = await expectMended(
      ["unsound_run", "stuck_run"],
      "DELETE FROM jobs WHERE run_id = ?",
      runs["wait"]!,
    );
    expect(await store.listWaits(runs["wait"]!)).toEqual([]);
  });

  test("whose history contradicts itself fail, and their parents are told", async () => {
    const sql =
      "UPDATE steps SET memo = 'null', seq = 5, status = 'completed' WHERE run_id = (SELECT child_run_id FROM steps WHERE run_id = ?)";
    const { store } = await expectMended(["unsound_run"], sql, runs["parent"]!);
    const [parent] = await store.loadRuns([runs["parent"]!]);
    const childId = [...parent!.steps.values()][0]!.childRunId!;
    expect(await store.getRun("default", childId)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("store_repaired"),
    });
    expect((await store.loadInbox(null, 9)).map(({ content }) => content)).toMatchObject([
      { kind: "child_ended", runId: runs["parent"], childId, status: "failed" },
    ]);
  });

  test("that wait for a run that has ended, or does not exist, are told", async () => {
    const child = "(SELECT child_run_id FROM steps WHERE run_id = ?)";
    const ended = await expectMended(
      ["orphan_job", "untold_parent"],
      `UPDATE runs SET status = 'completed', output = '7', ended_at = 1 WHERE id = ${child}`,
      runs["parent"]!,
    );
    expect((await ended.store.loadInbox(null, 9))[0]!.content).toMatchObject({
      memo: '{"data":7}',
      status: "completed",
    });
    await expectMended(
      ["missing_child"],
      "UPDATE steps SET child_run_id = '01HZZZZZZZZZZZZZZZZZZZZZZZ' WHERE run_id = ?",
      runs["parent"]!,
    );
  });

  test("that wait for a run that has ended are sound while the message about its end is under way", async () => {
    const sql = `UPDATE runs SET status = 'completed', output = '7', ended_at = 1
        WHERE id = (SELECT child_run_id FROM steps WHERE run_id = '${runs["parent"]}');
      DELETE FROM jobs WHERE run_id IN (SELECT id FROM runs WHERE status = 'completed');
      INSERT INTO inbox (id, partition, json) SELECT '01HZZZZZZZZZZZZZZZZZZZZZZZ', 0, json_object('kind', 'child_ended',
        'runId', run_id, 'slot', id, 'childId', CHILD, 'memo', '{"data":7}', 'status', 'completed')
        FROM steps WHERE run_id = '${runs["parent"]}'`;
    expect((await damaged(sql.replace("CHILD", "child_run_id"))).codes).toEqual([]);
    expect((await damaged(sql.replace("CHILD", "'another'"))).codes).toEqual(["untold_parent"]);
  });

  test("whose parent is gone are noted", async () => {
    const sql = `UPDATE runs SET parent = '{"runId":"01HZZZZZZZZZZZZZZZZZZZZZZZ","slot":"s","onCancel":"abandon","depth":1}' WHERE id = ?`;
    const { codes, report } = await damaged(sql, runs["nap"]!);
    expect([codes, report.isHealthy]).toEqual([["missing_parent"], true]);
  });

  test("whose event is missing fail", async () => {
    const { row } = await expectMended(
      ["missing_event", "unreadable_run"],
      "DELETE FROM events WHERE name = ?",
      "wait",
    );
    expect(await row(runs["wait"]!)).toMatchObject({ status: "failed" });
  });

  test("whose large value is missing fail, and can be read again", async () => {
    const { row, store } = await expectMended(
      ["missing_value", "unreadable_run"],
      "DELETE FROM blobs WHERE hash > ?",
      "",
    );
    expect(await row(runs["nap"]!)).toMatchObject({ status: "failed" });
    expect(await store.loadRuns([runs["nap"]!])).toHaveLength(1);
  });
});

describe("columns that contradict each other", () => {
  test("an end without a time, a time without an end, a start without a time", async () => {
    await expectMended(["wrong_times"], "UPDATE runs SET ended_at = NULL WHERE id = ?", runs["done"]!);
    await expectMended(["wrong_times"], "UPDATE runs SET ended_at = 5 WHERE id = ?", runs["nap"]!);
    await expectMended(["wrong_times"], "UPDATE runs SET started_at = NULL WHERE id = ?", runs["nap"]!);
  });

  test("what counts as holding a place", async () => {
    await expectMended(["wrong_count"], "UPDATE runs SET holds_places = 0 WHERE id = ?", runs["nap"]!);
  });

  test("a run of several events that one of them does not lead to", async () => {
    await expectMended(
      ["missing_event_link"],
      "UPDATE runs SET event_ids = (SELECT json_group_array(id) FROM events WHERE name IN ('nap', 'wait')) WHERE id = ?",
      runs["done"]!,
    );
  });
});

test("a timer that is over is a note while nobody serves the store, and a finding of a server", async () => {
  const { store, codes, report } = await damaged(
    "UPDATE jobs SET due_at = 5 WHERE kind = 'sleep' AND run_id = ?",
    runs["nap"]!,
  );
  expect([codes, report.isHealthy]).toEqual([["due_timer"], true]);
  const live = await store.findDamage({ pass: "jobs", after: null, now: NOW, isLive: true });
  expect(live.findings.map(({ code }) => code)).toEqual(["overdue_timer"]);
});

test("a store that was mended works again", async () => {
  const { store, path } = await expectMended(["stuck_run"], "DELETE FROM jobs WHERE run_id = ?", runs["nap"]!);
  await store.close();
  const server = await startTestServer({ store: new SqliteStore({ path, synchronous: "normal" }) });
  const report = (await ask(`${server.url}/v1/doctor`)).json.data as unknown;
  expect(report).toMatchObject({ is_healthy: true });
});
