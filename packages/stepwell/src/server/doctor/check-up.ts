/**
 * Everything that is wrong with a store, finding by finding: what its tables show, and what its open runs show once they are
 * put together. Reading only, in pages (IG1 of store/integrity.ts).
 *
 *   CU1. While a server works, what is read in two steps may have changed between them: such a finding is looked at twice.
 *   CU2. A run that cannot be read is a finding, not the end of the search.
 */

import type { InboxMessage } from "../../core/inbox.ts";
import type { Instant } from "../../core/instant.ts";
import { memoOfChild } from "../../core/run/invoke.ts";
import { isEnded, type Run, type Step } from "../../core/run/run.ts";
import { errorText } from "../../protocol/error-value.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import { canonicalJson } from "../../protocol/json.ts";
import { type Finding, INTEGRITY_PASSES } from "../../store/integrity.ts";
import type { Store } from "../../store/store.ts";
import { findInRun } from "./run-findings.ts";

export type CheckedStore = Pick<Store, "findDamage" | "listRuns" | "loadRuns" | "getRun" | "loadInbox">;

export interface CheckUp {
  readonly store: CheckedStore;
  readonly now: Instant;
  /** A server works on the store. */
  readonly isLive: boolean;
  /** Told how many rows were looked at, pass by pass. */
  readonly looked?: (what: string, rows: number) => void;
}

const RUNS_PER_PAGE = 50;
const MESSAGES_PER_PAGE = 1_000;
/** Messages that are under way are looked through for each step that seems to wait in vain; so many at most. */
const MESSAGES_MAX = 20_000;

export async function* checkUp(check: CheckUp): AsyncGenerator<Finding> {
  const { store, now, isLive, looked } = check;
  for (const pass of INTEGRITY_PASSES) {
    for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
      const page = await store.findDamage({ pass, after, now, isLive });
      looked?.(pass, page.looked);
      yield* page.findings;
      after = page.next;
    }
  }
  yield* openRuns(check);
}

async function* openRuns({ store, looked }: CheckUp): AsyncGenerator<Finding> {
  const filter = { env: DEFAULT_ENV, statuses: ["queued", "running"], limit: RUNS_PER_PAGE } as const;
  for (let before: string | undefined; ; ) {
    const rows = await store.listRuns(before === undefined ? filter : { ...filter, before });
    if (rows.length === 0) return;
    looked?.("open runs", rows.length);
    const ids = rows.map(({ id }) => id);
    for (const loaded of await readable(store, ids)) {
      if ("code" in loaded) yield loaded;
      else yield* findInOpenRun(store, loaded);
    }
    before = ids.at(-1)!;
  }
}

/** The runs, or of those that cannot be read why (CU2). */
async function readable(store: CheckedStore, ids: readonly string[]): Promise<(Run | Finding)[]> {
  try {
    return await store.loadRuns(ids);
  } catch (error) {
    if (ids.length === 1) {
      const runId = ids[0]!;
      const reason = errorText(error);
      const repair = { action: "fail_run", runId, reason: "it cannot be read" } as const;
      return [{ code: "unreadable_run", what: `run ${runId}: ${reason}`, repair }];
    }
    const each: (Run | Finding)[] = [];
    for (const id of ids) each.push(...(await readable(store, [id])));
    return each;
  }
}

async function* findInOpenRun(store: CheckedStore, run: Run): AsyncGenerator<Finding> {
  if (isEnded(run)) return; // Since it was listed.
  yield* findInRun(run);
  for (const step of run.steps.values()) {
    if (step.kind !== "invoke" || step.memo !== null || !run.jobs.has(step.id)) continue;
    const finding = await findInChild(store, run, step);
    if (finding !== null && (await stillStands(store, run, step))) yield finding;
  }
  const { parent } = run;
  if (parent !== null && (await store.getRun(run.env, parent.runId)) === null) {
    yield { code: "missing_parent", what: `run ${run.id}, invoked by run ${parent.runId}`, repair: null };
  }
}

async function findInChild(store: CheckedStore, run: Run, step: Step): Promise<Finding | null> {
  const childId = step.childRunId;
  const row = childId === null ? null : await store.getRun(run.env, childId);
  const what = `run ${run.id}, step "${step.name}", waits for run ${childId ?? "(none)"}`;
  const telling = { action: "tell_parent", runId: run.id, slot: step.id, childId: childId ?? "" } as const;
  if (row === null) {
    const error = {
      name: "invoke_cancelled",
      code: "invoke_cancelled",
      message: "the invoked run is missing from the store",
    };
    const repair = { ...telling, memo: canonicalJson({ error: { data: null, ...error } }), status: "failed" } as const;
    return (await isBeingTold(store, run, step)) ? null : { code: "missing_child", what, repair };
  }
  if (row.status === "queued" || row.status === "running" || (await isBeingTold(store, run, step))) return null;
  const [child] = await store.loadRuns([row.id]);
  if (child === undefined) return null;
  return { code: "untold_parent", what: `${what} (${row.status})`, repair: { ...telling, ...memoOfChild(child) } };
}

/** CU1. */
async function stillStands(store: CheckedStore, run: Run, step: Step): Promise<boolean> {
  const [again] = await store.loadRuns([run.id]);
  const open = again?.steps.get(step.id);
  if (again === undefined || isEnded(again) || open === undefined) return false;
  return open.memo === null && open.childRunId === step.childRunId && !(await isBeingTold(store, run, step));
}

/** True while a message with the end of the child is under way, or when there are too many to say. */
async function isBeingTold(store: CheckedStore, run: Run, step: Step): Promise<boolean> {
  const isIt = ({ content }: InboxMessage) =>
    content.kind === "child_ended" &&
    content.runId === run.id &&
    content.slot === step.id &&
    content.childId === step.childRunId;
  let after: string | null = null;
  for (let seen = 0; seen < MESSAGES_MAX; ) {
    const page: InboxMessage[] = await store.loadInbox(after, MESSAGES_PER_PAGE);
    if (page.some(isIt)) return true;
    if (page.length < MESSAGES_PER_PAGE) return false;
    seen += page.length;
    after = page.at(-1)!.id;
  }
  return true;
}
