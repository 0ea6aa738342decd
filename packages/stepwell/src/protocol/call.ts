/**
 * The call: what the engine asks an app to do, and the JSON body it travels in.
 *
 *   C1. The body is canonical JSON (RFC 8785), so the bytes signed are the bytes every verifier rebuilds.
 *   C2. Stored values are spliced in as text, never parsed.
 *   C3. Optional keys are left out, never null; `use_api` stands at both places and they agree.
 */
import { canonicalJson, isLargerThan, type JsonText } from "./json.ts";
import { LIMITS } from "./limits.ts";

export interface Call {
  readonly runId: string;
  readonly functionId: string;
  readonly functionSlug: string;
  /** The registered URL of the function. */
  readonly url: string;
  /** Hashed id of the step to run, or null for a discovery. */
  readonly target: string | null;
  readonly attempt: number;
  readonly attemptsMax: number;
  /** Unique per dispatch. */
  readonly requestId: string;
  /** Grows with every dispatch of the same job. */
  readonly generation: number;
  /** Names the job; echoed by checkpoints as `qi_id`. */
  readonly jobId: string;
  /** −1 until the SDK has answered once. */
  readonly requestVersion: number;
  readonly disableImmediateExecution: boolean;
  /** Events as canonical JSON; at least one. */
  readonly events: readonly JsonText[];
  /** Memos in completion order: hashed id and canonical JSON. */
  readonly memos: readonly Memo[];
  /** Edited arguments of steps that have not run yet: `{"input":[…]}`, which are not in the stack. */
  readonly inputs: readonly Memo[];
}

export interface Memo {
  readonly id: string;
  readonly json: JsonText;
}

/** The body of a call. Above the body limit the state is left out and the SDK fetches it. */
export function callBody(call: Call): JsonText {
  let stateBytes = 0;
  for (const memo of call.memos) stateBytes += memo.json.length + memo.id.length + 8;
  for (const event of call.events) stateBytes += event.length;
  const body = stateBytes > LIMITS.callBodyBytesMax - 1_024 ? null : writeBody(call, false);
  if (body !== null && !isLargerThan(body, LIMITS.callBodyBytesMax)) return body;
  return writeBody(call, true);
}

// Keys in canonical order: ctx, event, events, steps, use_api, version. Joined, because the pieces of a text that was added
// up live as long as the text does, until somebody reads it.
function writeBody(call: Call, useApi: boolean): JsonText {
  const { memos } = call;
  const jobId = canonicalJson(call.jobId);
  const stack = memos.length === 0 ? "" : `"${memos.map((memo) => memo.id).join('","')}"`;
  return [
    `{"ctx":{"attempt":${call.attempt},"disable_immediate_execution":${call.disableImmediateExecution},"env":"","fn_id":"`,
    call.functionId,
    `","generation_id":${call.generation},"job_id":`,
    jobId,
    `,"max_attempts":${call.attemptsMax},"qi_id":`,
    jobId,
    ',"request_id":"',
    call.requestId,
    '","run_id":"',
    call.runId,
    `","stack":{"current":${memos.length},"stack":[`,
    stack,
    `]},"step_id":"step","use_api":${useApi}},"event":`,
    call.events[0],
    ',"events":[',
    useApi ? "" : call.events.join(","),
    '],"steps":{',
    useApi ? "" : memoFields(call.inputs.length === 0 ? memos : [...memos, ...call.inputs]),
    `},"use_api":${useApi},"version":${call.requestVersion}}`,
  ].join("");
}

/** `"id":memo,…` sorted by id, as the canonical form wants it. */
export function memoFields(memos: readonly Memo[]): string {
  const sorted = memos.length > 1 ? [...memos].sort((left, right) => (left.id < right.id ? -1 : 1)) : memos;
  return sorted.map((memo) => `"${memo.id}":${memo.json}`).join(",");
}
