/** Records of /v2: how runs, functions and apps look there. */
import type { Instant } from "../../../core/instant.ts";
import { isoTime } from "../../../core/instant.ts";
import type { RunStatus } from "../../../core/run/run.ts";
import type { AppConfig, FunctionConfig } from "../../../protocol/function.ts";
import type { JsonObject, JsonText, JsonValue } from "../../../protocol/json.ts";
import type { RunRow } from "../../../store/store.ts";
import { appUuid, timeOrNull } from "../../run-record.ts";
import type { ApiContext } from "../api-engine.ts";

type Apps = ApiContext["engine"]["apps"];

export function runStatusV2(status: RunStatus): string {
  return status.toUpperCase();
}

/** The result of a run, or its error; null when there is none yet. */
function outputOf(run: RunRow): JsonValue {
  return parsedOrNull(run.status === "failed" ? run.error : run.output);
}

export function parsedOrNull(json: JsonText | null): JsonValue {
  return json === null ? null : (JSON.parse(json) as JsonValue);
}

/** A 64-bit number of the wire. */
export function durationMs(from: Instant | null, until: Instant | null): string | null {
  return from === null || until === null ? null : String(Math.max(until - from, 0));
}

export function runRecordV2(run: RunRow, apps: Apps, includeOutput: boolean): JsonObject {
  const fn = apps.anyFunction(run.functionId)?.fn;
  const isBatch = run.eventIds.length > 1;
  return {
    id: run.id,
    function: { id: fn?.slug ?? run.functionId, name: fn?.name ?? "" },
    app: { id: fn?.appId ?? "" },
    status: runStatusV2(run.status),
    queuedAt: isoTime(run.createdAt),
    startedAt: timeOrNull(run.startedAt),
    endedAt: timeOrNull(run.endedAt),
    durationMs: durationMs(run.startedAt, run.endedAt),
    trigger: { eventIds: run.eventIds, isBatch, batchId: null, cronSchedule: run.cron },
    originalRunId: run.originalRunId,
    parentRunId: run.parent?.runId ?? null,
    reason: run.reason ?? null,
    ...(includeOutput ? { output: outputOf(run) } : {}),
  };
}

export function appRecordV2(app: AppConfig, apps: Apps): JsonObject {
  const { id, url, sdk, framework, version, functions } = app;
  const syncedAt = timeOrNull(apps.syncedAt(id));
  const functionCount = functions.length;
  return { id, uuid: appUuid(id), url, sdk, framework, version, functionCount, syncedAt, paused: apps.pauseOfApp(id) };
}

export function functionRecordV2(fn: FunctionConfig, apps: Apps): JsonObject {
  return {
    id: fn.slug,
    uuid: fn.id,
    name: fn.name,
    app: { id: fn.appId },
    url: fn.url,
    retries: fn.retries,
    version: apps.anyFunction(fn.id)?.version ?? 1,
    paused: apps.pauseOf(fn.id),
    triggers: fn.triggers.map((trigger) =>
      trigger.kind === "event"
        ? { event: trigger.event, expression: trigger.expression, cron: null }
        : { event: null, expression: null, cron: trigger.cron },
    ),
  };
}
