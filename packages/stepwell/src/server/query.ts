/** Query parameters, read strictly: what cannot be understood is refused by name, never ignored. */
import type { Instant } from "../core/instant.ts";
import { StepwellError } from "../protocol/errors.ts";
import { isUlid } from "../protocol/ids.ts";

type Read = (name: string) => string | undefined;

/** Absent and empty are the same. */
function textOf(read: Read, name: string): string | undefined {
  const text = read(name);
  return text === "" ? undefined : text;
}

export function readLimit(read: Read, fallback: number, max: number): number {
  const text = textOf(read, "limit");
  if (text === undefined) return fallback;
  if (!/^-?\d{1,9}$/.test(text)) throw invalid("limit", "it is not a whole number");
  return Math.min(Math.max(Number(text), 1), max);
}

export function readCursor(read: Read): string | undefined {
  const text = textOf(read, "cursor");
  if (text !== undefined && !isUlid(text)) throw invalid("cursor", "it is not the id of a row");
  return text;
}

/** RFC 3339, or Unix milliseconds. */
export function readTime(read: Read, name: string): Instant | undefined {
  const text = textOf(read, name);
  if (text === undefined) return undefined;
  if (/^\d{10,15}$/.test(text)) return Number(text);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw invalid(name, "it is not a time like 2026-01-31T12:00:00Z");
  return at;
}

export function readText(read: Read, name: string): string | undefined {
  return textOf(read, name);
}

export function invalid(name: string, reason: string): StepwellError {
  return new StepwellError("query_invalid", { name, reason });
}
