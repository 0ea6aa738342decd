/**
 * Looks for what only the tables show: rows that belong to nothing, values that are missing, columns that contradict each
 * other. Reading only; each page is one statement or a few over a bounded part of one table.
 */
import type { DatabaseSync } from "node:sqlite";
import type { InboxContent } from "../../core/inbox.ts";
import { isUlid } from "../../protocol/ids.ts";
import {
  type Finding,
  type IntegrityPage,
  type IntegrityQuery,
  TIMER_LATE_MS_MAX,
  type ValuePlace,
} from "../integrity.ts";
import { decodeText } from "./text.ts";

const ROWS_PER_PAGE = 2_000;
/** Findings of one column of large values in one page; the walk goes on where they end. */
const VALUES_PER_PAGE = 500;

/** The text with which references to large values begin (blobs.ts), as SQL. */
const REFERENCE_SQL = "'\u{10ffff}#'";
const TIMERS = "('sleep', 'timeout', 'start_timeout', 'finish_timeout', 'lease')";

export function findDamage(db: DatabaseSync, query: IntegrityQuery): IntegrityPage {
  switch (query.pass) {
    case "jobs":
      return jobs(db, query);
    case "waits":
      return waits(db, query);
    case "steps":
      return steps(db, query);
    case "runs":
      return runs(db, query);
    case "event_links":
      return eventLinks(db, query);
    case "messages":
      return messages(db, query);
    case "facts":
      return facts(db, query);
    case "missing_values":
      return missingValues(db, query);
    case "spare_values":
      return spareValues(db, query);
  }
}

type Value = string | number | null;

function all<Row>(db: DatabaseSync, sql: string, ...values: Value[]): Row[] {
  return db.prepare(sql).all(...values) as unknown as Row[];
}

/** A page of a walk along a key: the next one begins after the last row. */
function pageOf<Row extends object>(
  rows: readonly Row[],
  keyOf: (row: Row) => readonly Value[],
  findingOf: (row: Row) => readonly Finding[],
): IntegrityPage {
  const last = rows.at(-1);
  return {
    findings: rows.flatMap(findingOf),
    looked: rows.length,
    next: rows.length < ROWS_PER_PAGE || last === undefined ? null : JSON.stringify(keyOf(last)),
  };
}

const placeOf = (after: string | null, first: readonly Value[]): Value[] =>
  after === null ? [...first] : (JSON.parse(after) as Value[]);

/** "01J… (completed)" */
const runText = (runId: string, status: string | null): string => `run ${decodeText(runId)} (${status ?? "missing"})`;

interface JobRow {
  readonly runId: string;
  readonly slot: string;
  readonly kind: string;
  readonly isLate: number;
  readonly status: string | null;
}

function jobs(db: DatabaseSync, { after, now, isLive }: IntegrityQuery): IntegrityPage {
  const sql = `SELECT jobs.run_id AS runId, slot, kind, status,
    kind IN ${TIMERS} AND due_at < ? AS isLate FROM jobs LEFT JOIN runs ON runs.id = jobs.run_id
    WHERE (jobs.run_id, slot) > (?, ?) ORDER BY jobs.run_id, slot LIMIT ${ROWS_PER_PAGE}`;
  const rows = all<JobRow>(db, sql, now - TIMER_LATE_MS_MAX, ...placeOf(after, ["", ""]));
  return pageOf(
    rows,
    ({ runId, slot }) => [runId, slot],
    ({ runId, slot, kind, status, isLate }) => {
      const what = `${kind} of ${runText(runId, status)}, slot ${decodeText(slot)}`;
      if (status === null || !isOpen(status)) {
        const repair = { action: "delete_job", runId: decodeText(runId), slot: decodeText(slot) } as const;
        return [{ code: "orphan_job", what, repair }];
      }
      return isLate === 1 ? [{ code: isLive ? "overdue_timer" : "due_timer", what, repair: null }] : [];
    },
  );
}

const isOpen = (status: string): boolean => status === "queued" || status === "running";

function waits(db: DatabaseSync, { after }: IntegrityQuery): IntegrityPage {
  const sql = `SELECT waits.run_id AS runId, slot, seq, name, status FROM waits
    LEFT JOIN runs ON runs.id = waits.run_id
    WHERE (waits.run_id, slot, seq) > (?, ?, ?) ORDER BY waits.run_id, slot, seq LIMIT ${ROWS_PER_PAGE}`;
  interface WaitRow {
    readonly runId: string;
    readonly slot: string;
    readonly seq: number;
    readonly name: string;
    readonly status: string | null;
  }
  return pageOf(
    all<WaitRow>(db, sql, ...placeOf(after, ["", "", -1])),
    ({ runId, slot, seq }) => [runId, slot, seq],
    ({ runId, slot, seq, name, status }) => {
      if (status !== null && isOpen(status)) return [];
      const repair = { action: "delete_wait", runId: decodeText(runId), slot: decodeText(slot), seq } as const;
      return [{ code: "orphan_wait", what: `wait for ${decodeText(name)} of ${runText(runId, status)}`, repair }];
    },
  );
}

/** Runs that retention has deleted leave their steps behind for a while, and a note of it. */
function steps(db: DatabaseSync, { after }: IntegrityQuery): IntegrityPage {
  const notLeft = hasTable(db, "leftovers") ? "AND run_id NOT IN (SELECT run_id FROM leftovers)" : "";
  const sql = `SELECT DISTINCT run_id AS runId FROM steps WHERE steps.rowid > ? AND steps.rowid <= ?
    AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = steps.run_id) ${notLeft}`;
  return rangeOf(db, "steps", after, (from, to) =>
    all<{ runId: string }>(db, sql, from, to).map(({ runId }) => {
      const repair = { action: "delete_steps", runId: decodeText(runId) } as const;
      return { code: "orphan_step", what: `steps of ${runText(runId, null)}`, repair };
    }),
  );
}

/** A page of a walk along the rowid. */
function rangeOf(
  db: DatabaseSync,
  table: string,
  after: string | null,
  find: (from: number, to: number) => Finding[],
): IntegrityPage {
  const [from] = placeOf(after, [0]) as [number];
  const sql = `SELECT max(rowid) AS last, count(*) AS count FROM
    (SELECT rowid FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${ROWS_PER_PAGE})`;
  const { last, count } = all<{ last: number | null; count: number }>(db, sql, from)[0]!;
  if (last === null) return { findings: [], looked: 0, next: null };
  const next = count < ROWS_PER_PAGE ? null : JSON.stringify([last]);
  return { findings: find(from, last), looked: count, next };
}

function hasTable(db: DatabaseSync, name: string): boolean {
  return all(db, "SELECT 1 FROM sqlite_schema WHERE name = ?", name).length > 0;
}

interface RunRow {
  readonly id: string;
  readonly status: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly holdsPlaces: number;
  readonly hasRunKey: number;
  readonly missingEvents: string | null;
  readonly unlinkedEvents: string | null;
}

/** The ids of a run's events, one a row. */
const EVENT_IDS = `SELECT runs.event_id AS id WHERE runs.event_id IS NOT NULL AND runs.event_ids IS NULL
  UNION ALL SELECT value FROM json_each(runs.event_ids)`;

function runs(db: DatabaseSync, { after, now }: IntegrityQuery): IntegrityPage {
  const sql = `SELECT id, status, created_at AS createdAt, started_at AS startedAt, ended_at AS endedAt,
    holds_places AS holdsPlaces,
    flow IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(flow, '$.keys') WHERE key LIKE 'run %') AS hasRunKey,
    CASE WHEN events IS NULL THEN
      (SELECT json_group_array(own.id) FROM (${EVENT_IDS}) AS own
       WHERE NOT EXISTS (SELECT 1 FROM events AS stored WHERE stored.id = own.id)) END AS missingEvents,
    CASE WHEN event_ids IS NOT NULL THEN
      (SELECT json_group_array(value) FROM json_each(event_ids) WHERE json_each.key > 0 AND NOT EXISTS
       (SELECT 1 FROM run_events WHERE event_id = value AND run_id = runs.id)) END AS unlinkedEvents
    FROM runs WHERE rowid > ? AND rowid <= ?`;
  return rangeOf(db, "runs", after, (from, to) =>
    all<RunRow>(db, sql, from, to).flatMap((row) => runFindings(row, now)),
  );
}

function runFindings(row: RunRow, now: number): Finding[] {
  const runId = decodeText(row.id);
  const what = runText(row.id, row.status);
  const findings: Finding[] = [];
  if (isOpen(row.status)) {
    if (row.endedAt !== null) {
      const repair = { action: "set_end", runId, endedAt: null } as const;
      findings.push({ code: "wrong_times", what: `${what} has an end`, repair });
    }
    if (row.status === "running" && row.startedAt === null) {
      const repair = { action: "set_start", runId, startedAt: row.createdAt } as const;
      findings.push({ code: "wrong_times", what: `${what} has no start`, repair });
    }
  } else if (row.endedAt === null) {
    const repair = { action: "set_end", runId, endedAt: Math.min(now, row.startedAt ?? row.createdAt) } as const;
    findings.push({ code: "wrong_times", what: `${what} has no end`, repair });
  }
  if ((row.holdsPlaces === 1) !== (row.hasRunKey === 1)) {
    const repair = { action: "set_holds_places", runId, holdsPlaces: row.hasRunKey === 1 } as const;
    findings.push({
      code: "wrong_count",
      what: `${what} ${row.holdsPlaces === 1 ? "counts" : "does not count"} as holding places`,
      repair,
    });
  }
  for (const eventId of idsOf(row.missingEvents)) {
    findings.push({
      code: "missing_event",
      what: `event ${eventId} of ${what}`,
      repair: { action: "forget_events", runId },
    });
  }
  for (const eventId of idsOf(row.unlinkedEvents)) {
    const repair = { action: "add_event_link", eventId, runId } as const;
    findings.push({ code: "missing_event_link", what: `event ${eventId} of ${what}`, repair });
  }
  return findings;
}

const idsOf = (json: string | null): string[] => (json === null ? [] : (JSON.parse(json) as string[]).map(decodeText));

function eventLinks(db: DatabaseSync, { after }: IntegrityQuery): IntegrityPage {
  const sql = `SELECT event_id AS eventId, run_id AS runId,
    EXISTS (SELECT 1 FROM runs WHERE runs.id = run_id) AS hasRun FROM run_events
    WHERE (event_id, run_id) > (?, ?) ORDER BY event_id, run_id LIMIT ${ROWS_PER_PAGE}`;
  interface LinkRow {
    readonly eventId: string;
    readonly runId: string;
    readonly hasRun: number;
  }
  return pageOf(
    all<LinkRow>(db, sql, ...placeOf(after, ["", ""])),
    ({ eventId, runId }) => [eventId, runId],
    ({ eventId, runId, hasRun }) => {
      if (hasRun === 1) return [];
      const repair = { action: "delete_event_link", eventId: decodeText(eventId), runId: decodeText(runId) } as const;
      return [{ code: "orphan_event_link", what: `event ${repair.eventId} to ${runText(runId, null)}`, repair }];
    },
  );
}

/** A message to a run that has ended is normal: whoever starts next drops it. One to a run that never was is not. */
function messages(db: DatabaseSync, { after }: IntegrityQuery): IntegrityPage {
  const sql = `SELECT inbox.id AS id, coalesce(text, json) AS json FROM inbox
    LEFT JOIN blobs ON json > ${REFERENCE_SQL} AND hash = substr(json, 3)
    WHERE partition = 0 AND inbox.id > ? ORDER BY inbox.id LIMIT ${ROWS_PER_PAGE}`;
  const exists = db.prepare("SELECT 1 FROM runs WHERE id = ?");
  return pageOf(
    all<{ id: string; json: string }>(db, sql, ...placeOf(after, [""])),
    ({ id }) => [id],
    ({ id, json }) => {
      const content = json.startsWith("{") ? (JSON.parse(json) as InboxContent) : null;
      if (content === null || !("runId" in content) || exists.get(content.runId) !== undefined) return [];
      const what = `${content.kind} to run ${content.runId} (missing)`;
      return [{ code: "orphan_message", what, repair: { action: "delete_message", id: decodeText(id) } }];
    },
  );
}

/** Facts that name a run. A producer's event id is remembered for its time even if retention has deleted the run. */
function facts(db: DatabaseSync, { after, now }: IntegrityQuery): IntegrityPage {
  const sql = `SELECT kind, function_id AS functionId, key, value, expires_at > ? AS isValid FROM flow_state
    WHERE partition = 0 AND (kind, function_id, key) > (?, ?, ?)
    ORDER BY kind, function_id, key LIMIT ${ROWS_PER_PAGE}`;
  const exists = db.prepare("SELECT 1 FROM runs WHERE id = ?");
  interface FactRow {
    readonly kind: string;
    readonly functionId: string;
    readonly key: string;
    readonly value: string;
    readonly isValid: number;
  }
  return pageOf(
    all<FactRow>(db, sql, now, ...placeOf(after, ["", "", ""])),
    ({ kind, functionId, key }) => [kind, functionId, key],
    ({ kind, value, isValid, ...row }) => {
      if (isValid === 0 || !isUlid(value) || exists.get(value) !== undefined) return [];
      const [functionId, key] = [decodeText(row.functionId), decodeText(row.key)];
      const what = `${kind} ${key} of function ${functionId}: run ${value}`;
      if (kind === "idempotency" || kind === "replay") return [{ code: "fact_of_gone_run", what, repair: null }];
      return [{ code: "orphan_fact", what, repair: { action: "delete_fact", kind, functionId, key } }];
    },
  );
}

/** Columns that can hold references, with the keys of their tables. */
const VALUE_COLUMNS: readonly { readonly table: ValuePlace["table"]; readonly column: string; readonly key: string }[] =
  [
    { table: "events", column: "json", key: "id" },
    { table: "runs", column: "error", key: "id" },
    { table: "runs", column: "output", key: "id" },
    { table: "runs", column: "events", key: "id" },
    { table: "steps", column: "memo", key: "run_id, id" },
    { table: "steps", column: "options", key: "run_id, id" },
    { table: "steps", column: "edited_input", key: "run_id, id" },
    { table: "jobs", column: "payload", key: "run_id, slot" },
    { table: "inbox", column: "json", key: "partition, id" },
    { table: "flow_state", column: "value", key: "partition, kind, function_id, key" },
  ];

/** One column a page. More findings than a page holds are found once these are mended. */
function missingValues(db: DatabaseSync, { after }: IntegrityQuery): IntegrityPage {
  const [index] = placeOf(after, [0]) as [number];
  const { table, column, key } = VALUE_COLUMNS[index]!;
  const sql = `SELECT ${key} FROM ${table} WHERE ${column} > ${REFERENCE_SQL}
    AND NOT EXISTS (SELECT 1 FROM blobs WHERE hash = substr(${column}, 3)) LIMIT ${VALUES_PER_PAGE}`;
  const rows = all<Record<string, string | number>>(db, sql);
  const findings = rows.map((row): Finding => {
    const place: ValuePlace = { table, column, key: { ...row } };
    return {
      code: "missing_value",
      what: `${table}.${column} of ${Object.values(row).join(" ")}`,
      repair: { action: "replace_value", place },
    };
  });
  return { findings, looked: rows.length, next: index + 1 < VALUE_COLUMNS.length ? JSON.stringify([index + 1]) : null };
}

/** Without the indexes of references, to look would mean to read everything for each value. */
function spareValues(db: DatabaseSync, { after }: IntegrityQuery): IntegrityPage {
  const isIndexed = VALUE_COLUMNS.every(({ table, column }) => hasTable(db, `${table}_${column}_large`));
  if (!isIndexed) return { findings: [], looked: 0, next: null };
  const unused = VALUE_COLUMNS.map(({ table, column }) => {
    return `NOT EXISTS (SELECT 1 FROM ${table} WHERE ${column} > ${REFERENCE_SQL} AND ${column} = ${REFERENCE_SQL} || hash)`;
  });
  const sql = `SELECT hash, length(text) AS size FROM blobs WHERE rowid > ? AND rowid <= ? AND ${unused.join(" AND ")}`;
  return rangeOf(db, "blobs", after, (from, to) =>
    all<{ hash: string; size: number }>(db, sql, from, to).map(({ hash, size }) => {
      return {
        code: "spare_value",
        what: `${hash.slice(0, 12)}…, ${size} characters`,
        repair: { action: "delete_value", hash },
      };
    }),
  );
}
