/** A line as clients see it, and what they are told of a run's lines as a whole. */
import type { Apps } from "../../core/apps.ts";
import { isoTime } from "../../core/instant.ts";
import { ulidTime } from "../../protocol/ids.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { LogLineRow, LogTotals } from "../../store/logs.ts";

export function lineRecord(line: LogLineRow, apps: Apps): JsonObject {
  const fn = line.functionId === null ? undefined : apps.anyFunction(line.functionId);
  return {
    id: line.id,
    run_id: line.runId,
    function_id: line.functionId,
    function_slug: fn?.fn.slug ?? null,
    step_id: line.step,
    step_name: line.stepName,
    attempt: line.attempt,
    level: line.level,
    at: isoTime(line.at),
    received_at: isoTime(ulidTime(line.id)),
    message: line.message,
  };
}

export function totalsRecord({ lines, dropped }: LogTotals): JsonObject {
  return { lines, dropped };
}
