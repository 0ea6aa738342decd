/** An operation: work on many runs, what it is about and how far it is; and the row in which the store keeps it. */
import type { StoredOperation } from "../../core/batch.ts";
import type { Instant } from "../../core/instant.ts";
import { canonicalJson } from "../../protocol/json.ts";
import type { OperationFilter, OperationKind, RunChoice } from "./filter.ts";

export interface Progress {
  /** How many runs there seem to be; null until they have been counted. */
  readonly total: number | null;
  /** True: there are more, the count ended at its limit. */
  readonly isTotalMore: boolean;
  readonly done: number;
  /** Runs for which it could not be done. */
  readonly failed: number;
  /** Runs for which there was nothing to do any more. */
  readonly skipped: number;
  /** Why the latest of the failed ones failed. */
  readonly lastError: string | null;
  /** Only runs with smaller ids are still to be looked at; null: none at all. */
  readonly cursor: string | null;
}

export interface Operation {
  /** A ULID. */
  readonly id: string;
  readonly kind: OperationKind;
  readonly status: StoredOperation["status"];
  readonly createdAt: Instant;
  readonly endedAt: Instant | null;
  /** As it was asked for. */
  readonly filter: OperationFilter;
  readonly choice: RunChoice;
  /** How many runs a second at most; null: as many as possible. */
  readonly perSecond: number | null;
  readonly progress: Progress;
}

/** `newestRunId`: the newest run that can be part of it, and is if it fits. */
export function newOperation(
  facts: Pick<Operation, "id" | "kind" | "createdAt" | "filter" | "choice" | "perSecond">,
  newestRunId: string | null,
): Operation {
  // The least text that is greater than the id.
  const cursor = newestRunId === null ? null : `${newestRunId}0`;
  const counts = { done: 0, failed: 0, skipped: 0 };
  const progress = { total: null, isTotalMore: false, ...counts, lastError: null, cursor };
  return { ...facts, status: "running", endedAt: null, progress };
}

export function operationRow({ id, kind, status, createdAt, ...rest }: Operation): StoredOperation {
  return { id, kind, status, createdAt, json: canonicalJson(rest) };
}

export function operationOfRow({ json, ...fields }: StoredOperation): Operation {
  return { ...(JSON.parse(json) as Omit<Operation, keyof StoredOperation>), ...fields };
}
