/**
 * Lines that handlers log, on their way from the SDK to the server. Ours: other SDKs and servers know nothing of them.
 *
 *   LN1. A server that takes lines says so on its calls (`FEATURES.logs`); nobody else is sent any.
 *   LN2. They travel in batches while the call goes on (`POST /v1/logs`); the last few come along with its reply, in a
 *        header, so that a host that freezes once it has answered loses none.
 *   LN3. Nothing about a line is worth an error: what does not fit is cut or counted as dropped.
 */
import { isJsonObject, type JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";

/** From the least to the most severe. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogLine {
  /** Unix milliseconds, by the clock of the app. */
  readonly at: number;
  readonly level: LogLevel;
  /** Hashed id of the step in whose body it was written; null between steps. */
  readonly step: string | null;
  /** The step's name, as people read it. */
  readonly name: string | null;
  readonly message: string;
}

/** What one call has logged since it last said so. */
export interface CallLines {
  readonly runId: string;
  readonly functionId: string | null;
  readonly attempt: number;
  readonly lines: readonly LogLine[];
  /** Lines that were left out before they got here. */
  readonly dropped: number;
}

/** As `POST /v1/logs` carries it, in a list `calls`. */
export function writeCallLines({ runId, functionId, attempt, lines, dropped }: CallLines): string {
  return JSON.stringify({ run_id: runId, fn_id: functionId, attempt, dropped, lines });
}

/** The value of the reply's header: JSON in plain ASCII. */
export function linesHeader({ lines, dropped }: Pick<CallLines, "lines" | "dropped">): string {
  const text = JSON.stringify(dropped === 0 ? { lines } : { lines, dropped });
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Lines as they came in; null when that is no list. `nowMs` stands in for times that are none. */
export function readLines(value: unknown, nowMs: number): Pick<CallLines, "lines" | "dropped"> | null {
  if (!isJsonObject(value) || !Array.isArray(value["lines"])) return null;
  const { dropped } = value;
  const lines = value["lines"].slice(0, LIMITS.logLinesPerCallMax).flatMap((line) => readLine(line, nowMs));
  const isCount = typeof dropped === "number" && Number.isSafeInteger(dropped) && dropped > 0;
  return { lines, dropped: (isCount ? dropped : 0) + value["lines"].length - lines.length };
}

function readLine(value: unknown, nowMs: number): LogLine[] {
  if (!isJsonObject(value) || typeof value["message"] !== "string") return [];
  const { at, level, step, name, message } = value as JsonObject & { readonly message: string };
  const isTime = typeof at === "number" && Number.isSafeInteger(at) && at >= 0 && at <= LIMITS.eventTsMax;
  const known = LOG_LEVELS.find((one) => one === level) ?? "info";
  const line = { at: isTime ? at : nowMs, level: known, step: shortText(step, 64), name: shortText(name, 256) };
  return [{ ...line, message: cutMessage(message) }];
}

const shortText = (value: unknown, charsMax: number): string | null =>
  typeof value === "string" && value !== "" ? value.slice(0, charsMax) : null;

/** A message within its limit; that it was cut shows at its end. */
export function cutMessage(message: string): string {
  const max = LIMITS.logMessageCharsMax;
  return message.length <= max ? message : `${message.slice(0, max - 1)}…`;
}
