/**
 * Checkpoints over HTTP: finished steps are saved while the call goes on.
 *
 *   K1. `"saved"` means durable. A failure is tried a few times and then thrown; the call ends with what it holds.
 *   K2. 409 means that another call took this one's place: stop at once.
 *   K3. A server that cannot be reached is told of once, and left alone for a while: the calls go on without it.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { backoffMs, callApi, delay } from "./api.ts";
import type { CallRequest } from "./call-request.ts";
import { durationMs } from "./duration-input.ts";
import type { Checkpointer } from "./execution.ts";
import type { AnyFunction } from "./function.ts";
import type { Logger } from "./logger.ts";
import type { Settings } from "./settings.ts";
import { writeOps } from "./step-op.ts";

const TRIES_MAX = 3;
const RUNTIME_MAX = "10s";
const PAUSE_MS = 30_000;

/** The checkpointer of a call, or null when the call must end at its next step. */
export function checkpointerOf(
  fn: AnyFunction,
  call: CallRequest,
  settings: Settings,
  logger: Logger,
): Checkpointer | null {
  const { checkpointing } = fn;
  const isPossible = call.target === null && !call.disableImmediateExecution && call.jobId !== null;
  if (checkpointing === false || !isPossible || isPaused(settings)) return null;
  const { bufferedSteps = 1, maxInterval = 0, maxRuntime = RUNTIME_MAX } = checkpointing;
  const startedAt = Date.now();
  return {
    bufferedSteps,
    maxIntervalMs: durationMs(maxInterval, "checkpointing.maxInterval"),
    maxRuntimeMs: durationMs(maxRuntime, "checkpointing.maxRuntime"),
    save: (ops) => save(settings, call, checkpointBody(call, writeOps(ops), startedAt), logger),
  };
}

function checkpointBody(call: CallRequest, steps: string, startedAt: number): string {
  const fields = JSON.stringify({
    run_id: call.runId,
    ...(call.functionId === null ? {} : { fn_id: call.functionId }),
    qi_id: call.jobId,
    ...(call.requestId === null ? {} : { request_id: call.requestId }),
    ...(call.generation === null ? {} : { generation_id: call.generation }),
    request_started_at: startedAt,
    ts: Date.now(),
  });
  return `${fields.slice(0, -1)},"steps":${steps}}`;
}

/** Until when no checkpoint is tried, by address of the server (K3). */
const pausedUntil = new Map<string, number>();

const isPaused = ({ apiUrl }: Settings): boolean => (pausedUntil.get(apiUrl) ?? 0) > Date.now();

function pause({ apiUrl }: Settings, logger: Logger): void {
  if (!pausedUntil.has(apiUrl)) {
    logger.warn(
      `stepwell: no server answers at ${apiUrl}, so each step costs a call of its own. If the server is elsewhere, set ` +
        "STEPWELL_DEV (in development) or STEPWELL_BASE_URL to its address.",
    );
  }
  pausedUntil.set(apiUrl, Date.now() + PAUSE_MS);
}

async function save(settings: Settings, call: CallRequest, body: string, logger: Logger): Promise<"saved" | "stale"> {
  const path = `/v1/checkpoint/${encodeURIComponent(call.runId)}/async`;
  for (let tries = 1; ; tries++) {
    const status = await post(settings, path, body);
    if (status >= 200 && status < 300) return "saved";
    if (status === 409) return "stale";
    // What was refused once would be refused again.
    const isTransient = status === 0 || status === 429 || status >= 500;
    if (!isTransient || status === 501 || tries >= TRIES_MAX) {
      if (status === 0) pause(settings, logger);
      throw new StepwellError("server_unreachable", { url: `${settings.apiUrl}${path} (HTTP ${status})` });
    }
    await delay(backoffMs(tries));
  }
}

/** The status of the answer; 0 when there was none. */
async function post(settings: Settings, path: string, body: string): Promise<number> {
  try {
    return (await callApi(settings, { method: "POST", path, body })).status;
  } catch {
    return 0; // No answer; the caller tries again.
  }
}
