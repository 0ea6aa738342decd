/**
 * The first schema. Released migrations never change: a change is a new migration.
 *
 * Ids are unique over all environments and sort by time, so they are the keys; `env` leads every index that a list
 * walks by something else. Rows that carry values of users lie in ordinary tables, beside the index of their ids: in
 * a table that is its own index (WITHOUT ROWID) a row of more than a fourth of a page takes whole pages, which made
 * commits with values of 1.5 KB two and a half times as dear. Large columns come last in their table, so that a read
 * that does not want them need not follow them to their overflow pages.
 *
 *   - `runs.event_id` is the first event's id; `event_ids` (JSON) only when there are several, and then
 *     `run_events` leads from the others to the run. `events` (JSON) holds the events themselves only when they were
 *     not stored with the run in one batch; otherwise they are read from `events`.
 *   - `events_by_received` is the way of a look-back: ids do not tell when an event was received, producers may choose them.
 *   - `runs_by_status` leaves out completed runs: nearly all runs are, and nobody searches for them by status. The function stands in
 *     it, so that runs of a status and a function are found, and the waiting ones counted, without a look at the rows.
 *   - `waits_by_entry` answers both what the engine asks of waits: which runs an event may concern, and how many entries
 *     there are by kind, name and path, without a look at the rows.
 *   - A job's payload lies in its row although it can be long: hardly any job has one, and it goes with the job.
 *   - `function_versions` keeps every configuration that a function had, the present one too.
 *   - `blobs` holds what is too large for a row (sqlite/blobs.ts); the row refers to it by its hash.
 *   - `run_stats` holds counts of runs by minute, quarter of an hour, hour and day (run-stats.ts). Time leads, because
 *     charts read a span of it and the oldest go first.
 *   - `logs` holds lines of handlers (store/logs.ts), whose number is their time; `run_logs` how many each run has.
 *   - `runs_by_end` and the indexes `…_large` are for retention (prune.ts): what ended first, and, of rows that refer to a blob
 *     alone, which do. `leftovers` names runs that it has deleted and whose steps, attempts and lines it has not.
 *   - Attempts and decisions are logs: appended, never changed, so their order is their rowid.
 */
import { STAT_NAMES } from "../../run-stats.ts";

export const FIRST = `
CREATE TABLE events (
  id TEXT NOT NULL,
  env TEXT NOT NULL,
  name TEXT NOT NULL,
  ts INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  idempotency_id TEXT,
  is_internal INTEGER NOT NULL,
  traceparent TEXT,
  json TEXT NOT NULL
);
CREATE UNIQUE INDEX events_by_id ON events (id);
CREATE INDEX events_by_name ON events (env, name, id);
CREATE INDEX events_by_received ON events (env, name, received_at, id);

CREATE TABLE decisions (
  number INTEGER PRIMARY KEY,
  event_id TEXT NOT NULL,
  function_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  run_id TEXT,
  at INTEGER NOT NULL
);
CREATE INDEX decisions_by_event ON decisions (event_id);

CREATE TABLE runs (
  id TEXT NOT NULL,
  env TEXT NOT NULL,
  partition INTEGER NOT NULL,
  function_id TEXT NOT NULL,
  event_id TEXT,
  event_ids TEXT,
  cron TEXT,
  original_run_id TEXT,
  parent TEXT,
  flow TEXT,
  holds_places INTEGER NOT NULL,
  function_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  status TEXT NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  request_version INTEGER NOT NULL,
  force_plan INTEGER NOT NULL,
  reason TEXT,
  notes TEXT,
  error TEXT,
  output TEXT,
  events TEXT
);
CREATE UNIQUE INDEX runs_by_id ON runs (id);
CREATE INDEX runs_by_function ON runs (env, function_id, id);
CREATE INDEX runs_by_status ON runs (env, status, id, function_id) WHERE status <> 'completed';
CREATE INDEX runs_by_event ON runs (event_id) WHERE event_id IS NOT NULL;
-- Runs that wait for their first call. Most runs are called in the transaction that makes them, and never come here.
CREATE INDEX runs_queued ON runs (function_id, id) WHERE status = 'queued';
CREATE INDEX runs_with_places ON runs (id) WHERE holds_places = 1 AND status = 'running';

CREATE TABLE run_events (
  event_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  PRIMARY KEY (event_id, run_id)
) WITHOUT ROWID;

CREATE TABLE steps (
  run_id TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  idx INTEGER NOT NULL,
  seq INTEGER,
  status TEXT NOT NULL,
  is_race INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  child_run_id TEXT,
  edited_input TEXT,
  options TEXT,
  memo TEXT
);
CREATE UNIQUE INDEX steps_by_run ON steps (run_id, id);

CREATE TABLE attempts (
  number INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  slot TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  status INTEGER,
  error TEXT NOT NULL
);
CREATE INDEX attempts_by_run ON attempts (run_id);

CREATE TABLE jobs (
  run_id TEXT NOT NULL,
  slot TEXT NOT NULL,
  partition INTEGER NOT NULL,
  kind TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  lane TEXT,
  order_at INTEGER NOT NULL,
  is_delayed INTEGER NOT NULL,
  payload TEXT,
  PRIMARY KEY (run_id, slot)
) WITHOUT ROWID;
-- A job is in the first index while it waits for its turn, in one of the others while it waits for its time. A call that is
-- made at once, and that is nearly every one, is in one index only. What ends the first is there so that no row is looked up in vain.
CREATE INDEX jobs_by_lane ON jobs (partition, lane, order_at, run_id, slot, due_at, is_delayed) WHERE lane IS NOT NULL;
CREATE INDEX jobs_timers ON jobs (partition, due_at, run_id, slot) WHERE lane IS NULL;
CREATE INDEX jobs_delayed ON jobs (partition, due_at, run_id, slot) WHERE lane IS NOT NULL AND is_delayed = 1;
-- Runs that collect events.
CREATE INDEX jobs_collecting ON jobs (run_id) WHERE kind = 'collect';

CREATE TABLE waits (
  run_id TEXT NOT NULL,
  slot TEXT NOT NULL,
  seq INTEGER NOT NULL,
  partition INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  value TEXT NOT NULL,
  armed_at INTEGER NOT NULL,
  until_at INTEGER,
  expression TEXT,
  PRIMARY KEY (run_id, slot, seq)
) WITHOUT ROWID;
CREATE INDEX waits_by_entry ON waits (partition, kind, name, path, value, run_id);

CREATE TABLE inbox (
  id TEXT NOT NULL,
  partition INTEGER NOT NULL,
  json TEXT NOT NULL
);
CREATE UNIQUE INDEX inbox_by_id ON inbox (partition, id);

CREATE TABLE flow_state (
  partition INTEGER NOT NULL,
  kind TEXT NOT NULL,
  function_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (partition, kind, function_id, key)
) WITHOUT ROWID;
CREATE INDEX flow_state_by_expiry ON flow_state (expires_at);

CREATE TABLE schedules (
  function_id TEXT NOT NULL PRIMARY KEY,
  json TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE apps (
  id TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  synced_at INTEGER NOT NULL,
  paused TEXT,
  config TEXT NOT NULL
);

CREATE TABLE functions (
  id TEXT NOT NULL PRIMARY KEY,
  app_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  is_archived INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  paused TEXT,
  config TEXT NOT NULL
);

CREATE TABLE function_versions (
  function_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  config TEXT NOT NULL,
  PRIMARY KEY (function_id, version)
);

CREATE TABLE operations (
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  json TEXT NOT NULL
);
CREATE UNIQUE INDEX operations_by_id ON operations (id);
CREATE INDEX operations_open ON operations (id) WHERE status = 'running';

CREATE TABLE run_stats (
  env TEXT NOT NULL,
  step_ms INTEGER NOT NULL,
  at INTEGER NOT NULL,
  function_id TEXT NOT NULL,
  ${STAT_NAMES.map((name) => `${name} INTEGER NOT NULL,`).join("\n  ")}
  PRIMARY KEY (env, step_ms, at, function_id)
) WITHOUT ROWID;

CREATE TABLE blobs (
  hash TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE UNIQUE INDEX blobs_by_hash ON blobs (hash);

CREATE INDEX runs_by_end ON runs (ended_at, id) WHERE ended_at IS NOT NULL;

CREATE INDEX events_json_large ON events (json) WHERE json > '\u{10ffff}#';
CREATE INDEX runs_error_large ON runs (error) WHERE error > '\u{10ffff}#';
CREATE INDEX runs_output_large ON runs (output) WHERE output > '\u{10ffff}#';
CREATE INDEX runs_events_large ON runs (events) WHERE events > '\u{10ffff}#';
CREATE INDEX steps_edited_input_large ON steps (edited_input) WHERE edited_input > '\u{10ffff}#';
CREATE INDEX steps_options_large ON steps (options) WHERE options > '\u{10ffff}#';
CREATE INDEX steps_memo_large ON steps (memo) WHERE memo > '\u{10ffff}#';
CREATE INDEX jobs_payload_large ON jobs (payload) WHERE payload > '\u{10ffff}#';
CREATE INDEX inbox_json_large ON inbox (json) WHERE json > '\u{10ffff}#';
CREATE INDEX flow_state_value_large ON flow_state (value) WHERE value > '\u{10ffff}#';

CREATE TABLE leftovers (
  run_id TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE logs (
  number INTEGER NOT NULL PRIMARY KEY,
  env TEXT NOT NULL,
  run_id TEXT NOT NULL,
  function_id TEXT,
  step TEXT,
  step_name TEXT,
  attempt INTEGER NOT NULL,
  level INTEGER NOT NULL,
  at INTEGER NOT NULL,
  message TEXT NOT NULL
);
CREATE INDEX logs_by_run ON logs (run_id, number);
CREATE INDEX logs_by_function ON logs (function_id, number);
CREATE INDEX logs_of_problems ON logs (number) WHERE level >= 2;

CREATE TABLE run_logs (
  run_id TEXT NOT NULL PRIMARY KEY,
  lines INTEGER NOT NULL,
  chars INTEGER NOT NULL,
  dropped INTEGER NOT NULL
) WITHOUT ROWID;
`;
