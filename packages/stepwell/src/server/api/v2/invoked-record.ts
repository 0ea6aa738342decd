/** A run as the answer to an invocation. */
import { isoTime } from "../../../core/instant.ts";
import type { JsonObject } from "../../../protocol/json.ts";
import type { RunRow } from "../../../store/store.ts";
import { timeOrNull } from "../../run-record.ts";
import { parsedOrNull } from "./record-v2.ts";

export function invokedRecord(run: RunRow): JsonObject {
  return {
    runId: run.id,
    queuedAt: isoTime(run.createdAt),
    startedAt: timeOrNull(run.startedAt),
    completedAt: timeOrNull(run.endedAt),
    result: run.status === "completed" ? parsedOrNull(run.output) : null,
    error: parsedOrNull(run.error),
  };
}
