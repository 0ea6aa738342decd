/**
 * The check-up of a store that a server works on: what is stored, and what the server holds in memory beside it.
 *
 *   LD1. Reading only; what one instant shows is compared within that instant, or not at all.
 */
import type { ExplainView } from "../../core/explain/view.ts";
import { appDownText } from "../../core/explain/words.ts";
import type { Instant } from "../../core/instant.ts";
import { WaitNames } from "../../core/match/wait-names.ts";
import { isEnded } from "../../core/run/run.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { Finding } from "../../store/integrity.ts";
import type { Store } from "../../store/store.ts";
import { type CheckedStore, checkUp } from "./check-up.ts";
import { type DoctorReport, ReportBuilder } from "./report.ts";

export interface LivePort {
  readonly store: CheckedStore & Pick<Store, "loadWaitCounts">;
  look<T>(read: (view: ExplainView, now: Instant) => T): Promise<T>;
}

/** Of memory so much is compared: more would hold the server up. */
const HOLDERS_MAX = 10_000;
const WAIT_NAMES_MAX = 100_000;

export async function checkLive({ store, look }: LivePort): Promise<DoctorReport> {
  const report = new ReportBuilder();
  const now = await look((_view, at) => at);
  for await (const finding of checkUp({
    store,
    now,
    isLive: true,
    looked: (what, rows) => report.looked(what, rows),
  })) {
    report.add(finding);
  }
  const held = await look(findInMemory);
  for (const finding of held.findings) report.add(finding);
  for (const runId of held.absentHolders) {
    const row = await store.getRun(DEFAULT_ENV, runId);
    if (row?.status === "running") continue;
    const isStill = await look((view) => view.runOf(runId) === undefined && view.admission.gates.holds(`run ${runId}`));
    if (isStill) report.add(leaked(`run ${runId} (${row?.status ?? "missing"})`));
  }
  for (const finding of await findInWaitNames({ store, look })) report.add(finding);
  return report.build();
}

const leaked = (what: string): Finding => ({ code: "leaked_place", what, repair: null });

interface InMemory {
  readonly findings: readonly Finding[];
  /** Runs that hold places and are not in memory: whether they are under way only the store knows. */
  readonly absentHolders: readonly string[];
}

function findInMemory(view: ExplainView, now: Instant): InMemory {
  const findings: Finding[] = [...view.options.quarantined].map((runId) => {
    return { code: "quarantined_run", what: `run ${runId}`, repair: null };
  });
  const absentHolders = new Set<string>();
  for (const { id } of view.apps.list()) {
    const down = view.admission.appDown(id);
    if (down !== null) findings.push({ code: "app_down", what: appDownText(id, down, now), repair: null });
  }
  let looked = 0;
  const { gates } = view.admission;
  for (const name of gates.names()) {
    for (const [holder] of gates.gate(name)?.holders ?? []) {
      if (++looked > HOLDERS_MAX) return { findings, absentHolders: [...absentHolders] };
      const [first = "", second = ""] = holder.split(" ");
      const isWholeRun = first === "run";
      const run = view.runOf(isWholeRun ? second : first);
      if (isWholeRun && run === undefined) absentHolders.add(second);
      else if (isWholeRun ? isEnded(run!) : !isCalled(view, first, second))
        findings.push(leaked(`${holder} at ${name}`));
    }
  }
  return { findings, absentHolders: [...absentHolders] };
}

/** A call is out, or its run is being loaded for it. */
function isCalled(view: ExplainView, runId: string, slot: string): boolean {
  return view.isLoading(runId) || (view.runOf(runId)?.jobs.get(slot)?.call ?? null) !== null;
}

/** What is waited for, in memory against the store; only when nothing moved meanwhile (LD1). */
async function findInWaitNames({ store, look }: LivePort): Promise<Finding[]> {
  const snapshot = () =>
    look((view) => (view.waitNames.size > WAIT_NAMES_MAX ? null : new Map(view.waitNames.entries())));
  const before = await snapshot();
  const counts = [...(await store.loadWaitCounts())]; // Read now, not after the second look.
  const after = await snapshot();
  if (before === null || after === null || !isSame(before, after)) return [];
  const stored = new WaitNames();
  for (const count of counts) stored.add(count, count.count);
  const truth = new Map(stored.entries());
  const places = new Set([...truth.keys(), ...before.keys()]);
  return [...places].flatMap((place): Finding[] => {
    const [known, real] = [before.get(place) ?? 0, truth.get(place) ?? 0];
    const what = `waits for ${place.trim()}: ${known} known, ${real} stored`;
    return known === real ? [] : [{ code: "wrong_count", what, repair: null }];
  });
}

function isSame(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): boolean {
  return left.size === right.size && [...left].every(([key, count]) => right.get(key) === count);
}
