/** How long what has ended is kept, and how large the store may grow: as people write it, as it is stored, as it is shown. */
import { formatDuration, parseDuration } from "../../protocol/duration.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";

export interface RetentionPolicy {
  /** How long a run is kept after its end, in ms; null: for ever. */
  readonly keepMs: number | null;
  /** Above it the oldest ended runs go early; null: it may grow. */
  readonly sizeBytesMax: number | null;
}

export const POLICY_DEFAULT: RetentionPolicy = { keepMs: LIMITS.retentionMsDefault, sizeBytesMax: null };

/** `30d`, or `forever`; undefined for what is neither. */
export function parseKeep(text: string): number | null | undefined {
  if (text === "forever") return null;
  const ms = parseDuration(text);
  return ms === null || ms < LIMITS.retentionMsMin ? undefined : ms;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `10GB`, `512MiB` (both in powers of 1,024), a number of bytes, or `none`; undefined for what is none of it. */
export function parseSize(text: string): number | null | undefined {
  if (text === "none") return null;
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
  return bytes < LIMITS.storeBytesMaxMin || !Number.isSafeInteger(bytes) ? undefined : bytes;
}

export function policyRecord({ keepMs, sizeBytesMax }: RetentionPolicy): JsonObject {
  return { keep: keepMs === null ? "forever" : keepText(keepMs), max_bytes: sizeBytesMax };
}

const DAY_MS = 86_400_000;

/** In days when they are whole: `30d` rather than `4w2d`. */
const keepText = (ms: number): string => (ms % DAY_MS === 0 ? `${ms / DAY_MS}d` : formatDuration(ms));

/** As it was stored; null when that is no policy. */
export function readPolicy(json: string): RetentionPolicy | null {
  const value: unknown = JSON.parse(json);
  if (!isJsonObject(value)) return null;
  const { keepMs, sizeBytesMax } = value;
  return isLimit(keepMs) && isLimit(sizeBytesMax) ? { keepMs, sizeBytesMax } : null;
}

const isLimit = (value: unknown): value is number | null =>
  value === null || (typeof value === "number" && Number.isSafeInteger(value) && value > 0);
