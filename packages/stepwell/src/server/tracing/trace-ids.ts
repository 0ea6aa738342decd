/**
 * The ids of traces and spans, which follow from the ids of runs and steps: whoever has one has the other, on every node and
 * after every restart, and nothing is stored.
 *
 *   TI1. A run is a trace: both ids have 128 bits, and they are the same 128 bits.
 *   TI2. The span of a run or step is known before it ends, so that what an app reports belongs below it.
 */
import { createHash } from "node:crypto";
import { isUlid } from "../../protocol/ids.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** TI1. */
export function traceIdOf(runId: string): string {
  if (!isUlid(runId)) return digest(runId, 32);
  let value = 0n;
  for (const character of runId) value = value * 32n + BigInt(ALPHABET.indexOf(character));
  return value.toString(16).padStart(32, "0");
}

/** TI2. The run itself when there is no step. */
export const spanIdOf = (runId: string, stepId: string | null): string => digest(`${runId}/${stepId ?? ""}`, 16);

/** What a call tells the app: it belongs below the step that it is for, or below the run. */
export const traceparentOf = (runId: string, stepId: string | null): string =>
  `00-${traceIdOf(runId)}-${spanIdOf(runId, stepId)}-01`;

export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/;

export function parseTraceparent(text: string | undefined): TraceContext | null {
  const match = text === undefined ? null : TRACEPARENT.exec(text);
  return match === null ? null : { traceId: match[1]!, spanId: match[2]! };
}

const digest = (text: string, length: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, length);
