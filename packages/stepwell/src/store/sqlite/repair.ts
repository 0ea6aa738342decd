/**
 * Mends what integrity.ts finds, row by row, in one transaction of the writer. Every repair can be done twice (IG3), and
 * none takes away what a sound run needs.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Instant } from "../../core/instant.ts";
import { MAIN_SLOT, type ParentLink } from "../../core/run/run.ts";
import { type PlacedRun, storePlace } from "../../core/schedule/hint.ts";
import { canonicalJson } from "../../protocol/json.ts";
import type { Repair, ValuePlace } from "../integrity.ts";
import { PARTITION } from "./batch-rows.ts";
import { decodeText, encodeText } from "./text.ts";

export interface RepairTime {
  readonly now: number;
  /** Ids for messages that repairs send. */
  readonly newId: () => string;
}

type Value = string | number | null;

export function repairRow(db: DatabaseSync, repair: Repair, time: RepairTime): void {
  const run = (sql: string, ...values: Value[]) => db.prepare(sql).run(...values);
  const text = encodeText;
  switch (repair.action) {
    case "delete_job":
      run("DELETE FROM jobs WHERE run_id = ? AND slot = ?", text(repair.runId), text(repair.slot));
      break;
    case "delete_wait":
      run(
        "DELETE FROM waits WHERE run_id = ? AND slot = ? AND seq = ?",
        text(repair.runId),
        text(repair.slot),
        repair.seq,
      );
      break;
    case "delete_steps":
      run("DELETE FROM steps WHERE run_id = ?", text(repair.runId));
      run("DELETE FROM attempts WHERE run_id = ?", text(repair.runId));
      break;
    case "delete_message":
      run("DELETE FROM inbox WHERE partition = ? AND id = ?", PARTITION, text(repair.id));
      break;
    case "delete_fact":
      run(
        "DELETE FROM flow_state WHERE partition = ? AND kind = ? AND function_id = ? AND key = ?",
        PARTITION,
        repair.kind,
        text(repair.functionId),
        text(repair.key),
      );
      break;
    case "delete_event_link":
      run("DELETE FROM run_events WHERE event_id = ? AND run_id = ?", text(repair.eventId), text(repair.runId));
      break;
    case "add_event_link":
      run(
        "INSERT OR IGNORE INTO run_events (event_id, run_id) VALUES (?, ?)",
        text(repair.eventId),
        text(repair.runId),
      );
      break;
    case "delete_value":
      run("DELETE FROM blobs WHERE hash = ?", repair.hash);
      break;
    default:
      repairRun(db, repair, time);
  }
}

type RunRepair = Extract<
  Repair,
  {
    readonly action:
      | "add_discovery"
      | "tell_parent"
      | "fail_run"
      | "forget_events"
      | "replace_value"
      | "set_end"
      | "set_start"
      | "set_holds_places";
  }
>;

function addDiscovery(db: DatabaseSync, id: string, now: Instant): void {
  const columns = "function_id AS functionId, flow, status, created_at AS createdAt";
  const row = db.prepare(`SELECT ${columns} FROM runs WHERE id = ?`).get(id);
  if (row === undefined) return;
  const run = { ...row, functionId: decodeText(String(row["functionId"])), flow: JSON.parse(String(row["flow"])) };
  const { lane, orderAt } = storePlace(run as PlacedRun, "discover");
  const added = `INSERT OR IGNORE INTO jobs (run_id, slot, partition, kind, attempt, due_at, lane, order_at, is_delayed)
    VALUES (?, ?, ?, 'discover', 0, ?, ?, ?, 0)`;
  db.prepare(added).run(id, MAIN_SLOT, PARTITION, now, lane === null ? null : encodeText(lane), orderAt);
}

function repairRun(db: DatabaseSync, repair: RunRepair, time: RepairTime): void {
  const run = (sql: string, ...values: Value[]) => db.prepare(sql).run(...values);
  switch (repair.action) {
    case "add_discovery":
      addDiscovery(db, encodeText(repair.runId), time.now);
      break;
    case "tell_parent":
      tell(db, repair, time);
      break;
    case "fail_run":
      failRun(db, repair.runId, repair.reason, time);
      break;
    case "forget_events":
      run("UPDATE runs SET events = '[]' WHERE id = ? AND events IS NULL", encodeText(repair.runId));
      failRun(db, repair.runId, "its event is missing from the store", time);
      break;
    case "replace_value":
      replaceValue(db, repair.place, time);
      break;
    case "set_end":
      run("UPDATE runs SET ended_at = ? WHERE id = ?", repair.endedAt, encodeText(repair.runId));
      break;
    case "set_start":
      run("UPDATE runs SET started_at = ? WHERE id = ?", repair.startedAt, encodeText(repair.runId));
      break;
    case "set_holds_places":
      run("UPDATE runs SET holds_places = ? WHERE id = ?", repair.holdsPlaces ? 1 : 0, encodeText(repair.runId));
      break;
  }
}

type Telling = Omit<Extract<Repair, { readonly action: "tell_parent" }>, "action">;

function tell(db: DatabaseSync, { runId, slot, childId, memo, status }: Telling, { newId }: RepairTime): void {
  const content = JSON.stringify({ kind: "child_ended", runId, slot, childId, memo, status });
  db.prepare("INSERT INTO inbox (partition, id, json) VALUES (?, ?, ?)").run(PARTITION, newId(), content);
}

const lost = (reason: string) => ({ name: "store_repaired", message: `\`stepwell doctor\` ended it: ${reason}.` });

/** Only a run that is open. */
function failRun(db: DatabaseSync, runId: string, reason: string, time: RepairTime): void {
  const id = encodeText(runId);
  const row = db.prepare("SELECT parent FROM runs WHERE id = ? AND status IN ('queued', 'running')").get(id);
  if (row === undefined) return;
  const error = canonicalJson(lost(reason));
  db.prepare("UPDATE runs SET status = 'failed', ended_at = ?, error = ? WHERE id = ?").run(time.now, error, id);
  db.prepare("DELETE FROM jobs WHERE run_id = ?").run(id);
  db.prepare("DELETE FROM waits WHERE run_id = ?").run(id);
  const parent = row["parent"] === null ? null : (JSON.parse(String(row["parent"])) as ParentLink);
  if (parent === null) return;
  const memo = canonicalJson({ error: { data: null, ...lost(reason) } });
  tell(db, { runId: parent.runId, slot: parent.slot, childId: runId, memo, status: "failed" }, time);
}

/** What stands where a value was lost: something that can be read. An open run that needed it fails. */
function replaceValue(db: DatabaseSync, { table, column, key }: ValuePlace, time: RepairTime): void {
  const names = Object.keys(key);
  const where = names.map((name) => `${name} = ?`).join(" AND ");
  const values = Object.values(key);
  if (table === "inbox" || table === "flow_state") {
    db.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...values);
    return;
  }
  const instead = replacement(db, table, column, values);
  db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`).run(instead, ...values);
  const runId = table === "runs" ? key["id"] : key["run_id"];
  if (runId !== undefined) failRun(db, String(runId), `a large value of it (${table}.${column}) is missing`, time);
  else failRunsOf(db, String(key["id"]), time);
}

function replacement(db: DatabaseSync, table: string, column: string, key: readonly Value[]): string | null {
  const error = lost("the value is missing from the store");
  if (table === "events") {
    const row = db.prepare("SELECT name, ts FROM events WHERE id = ?").get(...key);
    return JSON.stringify({ data: {}, id: key[0], name: row?.["name"], ts: row?.["ts"], user: {} });
  }
  if (column === "memo") return canonicalJson({ error: { data: null, ...error } });
  if (column === "error") return canonicalJson(error);
  return column === "output" ? "null" : column === "events" ? "[]" : null;
}

/** The open runs of an event whose content is lost. */
function failRunsOf(db: DatabaseSync, eventId: string, time: RepairTime): void {
  const sql = `SELECT id FROM runs WHERE event_id = ? AND status IN ('queued', 'running')
    UNION SELECT run_id FROM run_events WHERE event_id = ?`;
  for (const row of db.prepare(sql).all(eventId, eventId))
    failRun(db, String(row["id"]), "its event is missing from the store", time);
}
