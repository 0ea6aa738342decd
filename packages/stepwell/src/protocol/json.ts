/**
 * JSON as it travels and as it is stored.
 *
 * Values of users are opaque text to the engine: made canonical (RFC 8785) once, when they enter, and from then on
 * only spliced into larger texts. Canonical text is what the signature covers, so every verifier agrees on it.
 *
 *   J1. `canonicalJson` never yields text that `JSON.parse` refuses.
 *   J2. A value that JSON cannot carry (bigint, cycle, function at the top) is an error, never silently lost.
 */
import canonicalize from "canonicalize";

/** Text that is known to hold one JSON value. */
export type JsonText = string & { readonly __jsonText?: never };

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** The canonical text of a value (RFC 8785); `undefined` becomes `null`. Throws on cycles, bigint and NaN. */
export function canonicalJson(value: unknown): JsonText {
  return plainJson(value) ?? canonicalize(value) ?? "null";
}

/**
 * The canonical text of a value that is plain JSON with its keys in order already, as most values are: the host writes
 * it several times as fast. Null for everything else, which says nothing about the value.
 */
export function plainJson(value: unknown): JsonText | null {
  if (value === undefined || value === null) return "null";
  return isInOrder(value, 0) ? JSON.stringify(value) : null;
}

/** Deeper values, and arrays longer than this, are left to the library. */
const IN_ORDER_DEPTH_MAX = 8;
const IN_ORDER_ITEMS_MAX = 1_000;

/** True when `JSON.stringify` writes the canonical text of a value: plain, finite, well-formed, keys in order. */
function isInOrder(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  // Undefined members are left out, undefined items are null: by the host and by the canonical form alike.
  if (typeof value === "boolean" || value === null || value === undefined) return true;
  if (typeof value !== "object" || depth === IN_ORDER_DEPTH_MAX) return false;
  if (Array.isArray(value)) {
    return value.length <= IN_ORDER_ITEMS_MAX && value.every((item) => isInOrder(item, depth + 1));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype || "toJSON" in value) return false;
  let last = "";
  // Own keys in the order of writing; integer-like keys come first by number, which the comparison finds out.
  for (const key of Object.keys(value)) {
    if (key < last || !key.isWellFormed()) return false;
    if (!isInOrder((value as Record<string, unknown>)[key], depth + 1)) return false;
    last = key;
  }
  return true;
}

/** True for a plain JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * True when brackets nest deeper than `depthMax`. Scans the text, so that a hostile body is refused before a
 * recursive parser or writer meets it.
 */
export function isDeeperThan(text: string, depthMax: number): boolean {
  if (text.length <= depthMax) return false;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > depthMax) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** The size of a text in UTF-8, in bytes. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) length += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return length;
}

/** True when a text is larger than a limit in UTF-8; counts only where the number of characters leaves a doubt. */
export function isLargerThan(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && utf8Length(text) > bytesMax;
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with halves of surrogate pairs replaced by U+FFFD: canonical JSON and UTF-8 have no place for them. */
export function wholePairs(text: string): string {
  return text.isWellFormed() ? text : text.replace(LONE_SURROGATE, "\ufffd");
}
