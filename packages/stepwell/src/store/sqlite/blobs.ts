/**
 * Large values, kept apart: what is longer than `LIMITS.blobBytesMin` lies in `blobs` under the hash of its stored text,
 * and its row holds a reference. So rows stay small, equal values are stored once, and nobody outside this folder
 * knows. Values that can be large: an event's json; a run's output, error and own events; a step's memo, options and
 * edited input; a job's payload; a message; the value of a flow fact.
 *
 *   BL1. A reference is no text that a value can be stored as (X2).
 *   BL2. A blob is written in the transaction of the row that refers to it, before it. So a reference always finds it.
 *   BL3. Nothing of this costs small values more than a look at their length.
 *
 *   BL4. A blob goes once no row refers to it, which partial indexes over these columns tell without reading rows
 *        (prune.ts). A column that can refer is named there too.
 */
import { hash } from "node:crypto";
import type { StatementSync } from "node:sqlite";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { MARK } from "./text.ts";
import { all } from "./typed.ts";
import type { SqlValue } from "./writes.ts";

const REFERENCE = `${MARK}#`;
const REFERENCE_LENGTH = REFERENCE.length + 64;

/** A text of so many characters may be too long for a row; UTF-8 takes at most three bytes for each. */
const CHARS_MIN = Math.floor(LIMITS.blobBytesMin / 3);

/** Where a value lies that may be too long for its row. Its bytes are counted by the writer, not on the loop. */
export interface LargeValue {
  readonly values: SqlValue[];
  readonly index: number;
}

/** Adds a value to a row; when it may be too long, it is noted. */
export function pushValue(values: SqlValue[], text: string | null, large: LargeValue[]): void {
  if (text !== null && text.length > CHARS_MIN) large.push({ values, index: values.length }); // BL3
  values.push(text);
}

export const INSERT_BLOB = "INSERT INTO blobs (hash, text) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING";

/** Stores those of the noted values that are too long, and leaves references in their places (BL2). */
export function keepBlobs(insert: StatementSync, large: readonly LargeValue[]): void {
  for (const { values, index } of large) {
    const text = values[index] as string;
    if (Buffer.byteLength(text) <= LIMITS.blobBytesMin) continue;
    const key = hash("sha256", text, "hex");
    insert.run(key, text);
    values[index] = REFERENCE + key;
  }
}

/** To be read in one snapshot with the rows that refer to them: once a row is gone, its values go too. */
export const SELECT_BLOBS = `SELECT hash, text FROM (SELECT value AS wanted_hash FROM json_each(?))
  CROSS JOIN blobs ON hash = wanted_hash`;

/** Rows just read, and which of their columns can hold references. */
export interface ReadRows {
  readonly rows: readonly object[];
  readonly columns: readonly string[];
}

export const readRows = <Row extends object>(
  rows: readonly Row[],
  ...columns: readonly (keyof Row & string)[]
): ReadRows => ({ rows, columns });

export const isReference = (value: string): boolean => value.length === REFERENCE_LENGTH && value.startsWith(REFERENCE);

interface Place {
  readonly row: Record<string, unknown>;
  readonly column: string;
  readonly hash: string;
}

/** Puts the values back into rows that hold references: one query for all of them, none when there are none. */
export function putBack(select: () => StatementSync, path: string, ...parts: readonly ReadRows[]): void {
  const places: Place[] = [];
  for (const { rows, columns } of parts) {
    for (const row of rows as readonly Record<string, unknown>[]) {
      for (const column of columns) {
        const value = row[column];
        if (typeof value !== "string" || !isReference(value)) continue;
        places.push({ row, column, hash: value.slice(REFERENCE.length) });
      }
    }
  }
  if (places.length === 0) return;
  const wanted = JSON.stringify([...new Set(places.map((place) => place.hash))]);
  const found = all<{ readonly hash: string; readonly text: string }>(select(), wanted);
  const texts = new Map(found.map((blob) => [blob.hash, blob.text]));
  for (const { row, column, hash: key } of places) {
    const text = texts.get(key);
    if (text === undefined) throw new StepwellError("store_corrupt", { path, reason: `large value ${key} is missing` });
    row[column] = text;
  }
}
