/**
 * `kill -9` at random moments, under load, with real processes. The delays come from a seed, but the moments they hit
 * do not: a failure here is a hint, and the simulator is where it can be replayed.
 * `STEPWELL_CRASH_KILLS=300` runs it for longer, `STEPWELL_CRASH_SEED=7` with other delays.
 */
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { check } from "../../src/server/doctor/mend.ts";
import { SqliteStore } from "../../src/store/sqlite.ts";
import { Seeded } from "../sim/seeded.ts";
import { Ledger, type Sent } from "./crash-ledger.ts";
import { CrashRig } from "./crash-rig.ts";

const KILLS = Number(process.env["STEPWELL_CRASH_KILLS"] ?? 30);
const SEED = Number(process.env["STEPWELL_CRASH_SEED"] ?? 1);
const EVENTS_PER_KILL = 40;
const DRAIN_MS_MAX = 45_000;
const TEST_MS_MAX = 60_000 + KILLS * 4_000;

let rig: CrashRig;

afterEach(async () => {
  await rig?.dispose();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Most kills hit a server at work, some one that is still starting; some take the app along. */
async function killAndRestart(chance: Seeded): Promise<void> {
  if (chance.chance(0.75)) {
    await rig.up("server");
    await pause(chance.int(0, 600));
  } else {
    await pause(chance.int(50, 700));
  }
  const isAppToo = chance.chance(0.15);
  if (isAppToo) await rig.kill("app");
  await rig.kill("server");
  if (isAppToo) rig.start("app");
  rig.start("server");
}

/** Waits until every run the server knows has ended. */
async function drain(): Promise<void> {
  const deadline = Date.now() + DRAIN_MS_MAX;
  for (;;) {
    const open = await rig.get<unknown[]>("/v1/runs?status=queued,running&limit=5");
    if (open.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`still open: ${JSON.stringify(open)}\n${rig.complaints.slice(-10).join("")}`);
    await pause(100);
  }
}

async function problems(ledger: Ledger): Promise<string[]> {
  const found: string[] = [];
  for (const sent of rig.sent) {
    const runs = await rig.runsOf(sent.id);
    found.push(...ledger.problemsOf(sent, runs));
    const childId = runs[0]?.output["child"];
    if (childId === undefined) continue;
    const child: Sent = { id: childId, name: "crash/chain", key: `${sent.key}-child` };
    found.push(...ledger.problemsOf(child, await rig.runsOf(childId)));
  }
  return found;
}

/** What the file says once nobody has it open. */
function inFile(): Record<string, unknown> {
  const database = new DatabaseSync(rig.databasePath, { readOnly: true });
  const number = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const result = {
    integrity: Object.values(database.prepare("PRAGMA integrity_check").get() ?? {})[0],
    jobs: number("SELECT count(*) FROM jobs"),
    waits: number("SELECT count(*) FROM waits"),
    messages: number("SELECT count(*) FROM inbox"),
    // What limits remember of a run goes with it; the rest of flow control expires by itself.
    flow: number("SELECT count(*) FROM flow_state WHERE kind IN ('singleton', 'batch', 'debounce')"),
    openRuns: number("SELECT count(*) FROM runs WHERE ended_at IS NULL"),
    doubled: number("SELECT count(*) FROM (SELECT 1 FROM runs GROUP BY event_id, function_id HAVING count(*) > 1)"),
  };
  database.close();
  return result;
}

/** What the doctor finds in the file while nobody has it open. */
async function damage(): Promise<unknown> {
  const store = new SqliteStore({ path: rig.databasePath });
  await store.open();
  try {
    const { findings, looked } = await check(store, Date.now());
    expect(looked["runs"]).toBeGreaterThan(0);
    return findings.filter(({ isNote }) => !isNote);
  } finally {
    await store.close();
  }
}

test(`after ${KILLS} times kill -9 under load every acknowledged event has one finished run, and no result changed`, {
  timeout: TEST_MS_MAX,
}, async () => {
  rig = await CrashRig.create();
  const chance = new Seeded(SEED, "crash");
  rig.start("app");
  rig.start("server");
  await Promise.all([rig.up("app"), rig.up("server")]);
  rig.startLoad(4, 30, KILLS * EVENTS_PER_KILL);
  await pause(300);
  for (let kill = 0; kill < KILLS; kill++) await killAndRestart(chance);
  await rig.up("server");
  expect(await rig.get("/v1/doctor")).toMatchObject({ is_healthy: true });
  await rig.kill("server");
  expect(await damage()).toEqual([]);
  rig.start("server");
  await rig.up("server");
  await rig.stopLoad();
  await drain();
  const ledger = new Ledger(rig.ledgerPath);
  console.log(
    `${rig.sent.length} events, ${ledger.bodies} step bodies, ${ledger.repeated} of them again after a crash`,
  );
  expect(rig.sent.length).toBeGreaterThan(KILLS);
  expect(await problems(ledger)).toEqual([]);
  await rig.stopGently("server");
  expect(inFile()).toEqual({ integrity: "ok", jobs: 0, waits: 0, messages: 0, flow: 0, openRuns: 0, doubled: 0 });
  expect(await damage()).toEqual([]);
});
