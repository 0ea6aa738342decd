/**
 * Mends a store that no server holds, by a plan that is written before anything is changed: one line of JSON for each
 * repair, in a file beside the database, and a last line once all of it is done.
 *
 *   MD1. What the plan does not say is not done; each portion of it is one transaction.
 *   MD2. One repair may show what another hid, so it is looked again until nothing is left that can be mended.
 */
import { createReadStream } from "node:fs";
import { appendFile, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { type Instant, isoTime } from "../../core/instant.ts";
import type { Finding, Repair } from "../../store/integrity.ts";
import type { SqliteStore } from "../../store/sqlite.ts";
import { checkUp } from "./check-up.ts";
import { type DoctorReport, ReportBuilder } from "./report.ts";

export interface Mending {
  readonly store: SqliteStore;
  readonly now: Instant;
  /** The file of the plan; it must not exist. */
  readonly logPath: string;
  /** Told before a plan is carried out. */
  readonly planned: (report: DoctorReport) => void;
}

export interface Mended {
  readonly before: DoctorReport;
  readonly after: DoctorReport;
  readonly repairs: number;
}

const ROUNDS_MAX = 5;
const REPAIRS_PER_COMMIT = 500;
/** Repairs of one plan that are kept in mind so that none is written twice. */
const DISTINCT_MAX = 100_000;

export async function check(
  store: SqliteStore,
  now: Instant,
  found?: (finding: Finding) => void,
): Promise<DoctorReport> {
  const report = new ReportBuilder();
  for await (const finding of checkUp({
    store,
    now,
    isLive: false,
    looked: (what, rows) => report.looked(what, rows),
  })) {
    report.add(finding);
    found?.(finding);
  }
  return report.build();
}

export async function mend({ store, now, logPath, planned }: Mending): Promise<Mended> {
  let before: DoctorReport | null = null;
  let repairs = 0;
  for (let round = 1; ; round++) {
    const planPath = round === 1 ? logPath : `${logPath}.${round}`;
    const plan = await writePlan(store, now, planPath);
    before ??= plan.report;
    if (plan.count === 0 || round > ROUNDS_MAX) return { before, after: plan.report, repairs };
    planned(plan.report);
    await carryOut(store, now, planPath);
    await appendFile(planPath, `${JSON.stringify({ done: plan.count, at: isoTime(now) })}\n`);
    repairs += plan.count;
  }
}

async function writePlan(
  store: SqliteStore,
  now: Instant,
  path: string,
): Promise<{ readonly report: DoctorReport; readonly count: number }> {
  const report = new ReportBuilder();
  const seen = new Set<string>();
  let file: Awaited<ReturnType<typeof open>> | null = null;
  let count = 0;
  try {
    for await (const finding of checkUp({
      store,
      now,
      isLive: false,
      looked: (what, rows) => report.looked(what, rows),
    })) {
      report.add(finding);
      if (finding.repair === null) continue;
      const line = JSON.stringify(finding.repair);
      if (seen.has(line)) continue;
      if (seen.size < DISTINCT_MAX) seen.add(line);
      file ??= await open(path, "wx");
      await file.write(`${line}\n`);
      count++;
    }
    await file?.sync();
  } finally {
    await file?.close();
  }
  return { report: report.build(), count };
}

/** MD1. */
async function carryOut(store: SqliteStore, now: Instant, path: string): Promise<void> {
  let portion: Repair[] = [];
  const commit = async () => {
    if (portion.length > 0) await store.repair(portion, now);
    portion = [];
  };
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    portion.push(JSON.parse(line) as Repair);
    if (portion.length >= REPAIRS_PER_COMMIT) await commit();
  }
  await commit();
}
