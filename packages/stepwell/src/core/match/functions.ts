/**
 * The functions of the expression language: the standard ones, and those the wire protocol's dialect adds.
 *
 *   F1. A missing or null first argument is never an error: tests are false, sizes are 0, all else is missing.
 *   F2. The time is the instant that was handed in; a function asked twice gives the same answer.
 */
import { isDeeperThan, type JsonValue } from "../../protocol/json.ts";
import { compilePattern } from "./regex.ts";
import {
  Duration,
  parseSignedDuration,
  parseStrictTimestamp,
  parseTimestamp,
  type TimeField,
  Timestamp,
  timeField,
  timestampFromEpoch,
  timestampOf,
} from "./time.ts";
import {
  type Budget,
  checkedInt,
  fail,
  isAbsent,
  isMap,
  isNumeric,
  spend,
  TypeName,
  textOf,
  typeNameOf,
  type Value,
} from "./value.ts";

/** What a call sees besides its arguments. */
export interface CallContext extends Budget {
  readonly nowMs: number;
}

export interface FunctionDefinition {
  /** Counting the receiver of a method. */
  readonly argsMin: number;
  readonly argsMax: number;
  readonly isGlobal: boolean;
  readonly isMethod: boolean;
  /** The result when the first argument is missing or null (F1). */
  readonly whenAbsent: Value;
  readonly apply: (context: CallContext, first: Value, second: Value) => Value;
}

/** Nesting of a text given to `json_parse`. */
const PARSED_DEPTH_MAX = 128;

export const TYPE_NAMES: ReadonlySet<string> = new Set([
  ...["bool", "int", "uint", "double", "string", "list", "map", "null_type", "type"],
]);

type Apply = FunctionDefinition["apply"];

const shape =
  (argsMin: number, argsMax: number, isGlobal: boolean, isMethod: boolean, whenAbsent: Value) => (apply: Apply) => ({
    argsMin,
    argsMax,
    isGlobal,
    isMethod,
    whenAbsent,
    apply,
  });
const unary = shape(1, 1, true, false, undefined);
const textTest = shape(2, 2, false, true, false);
const timePart = (field: TimeField, offset = 0, unitMs = 0): FunctionDefinition =>
  shape(1, 2, false, true, undefined)((_context, value, zone) => partOf(value, zone, field, offset, unitMs));

export const FUNCTIONS: Readonly<Record<string, FunctionDefinition>> = {
  size: shape(1, 1, true, true, 0n)((context, value) => BigInt(sizeOf(context, value))),
  contains: textTest((context, value, part) => onTexts(context, value, part, (a, b) => a.includes(b))),
  startsWith: textTest((context, value, part) => onTexts(context, value, part, (a, b) => a.startsWith(b))),
  endsWith: textTest((context, value, part) => onTexts(context, value, part, (a, b) => a.endsWith(b))),
  matches: shape(2, 2, true, true, false)((context, value, pattern) => matches(context, value, pattern)),
  // Conversions.
  string: unary((_context, value) => textOf(value)),
  int: unary((_context, value) => toInt(value)),
  uint: unary((_context, value) => toUnsigned(value)),
  double: unary((_context, value) => toDouble(value)),
  bool: unary((_context, value) => toBool(value)),
  dyn: unary((_context, value) => value),
  type: shape(1, 1, true, false, new TypeName("null_type"))((_context, value) => new TypeName(typeNameOf(value))),
  // Texts.
  lowercase: unary((context, value) => textArgument(context, value).toLowerCase()),
  uppercase: unary((context, value) => textArgument(context, value).toUpperCase()),
  b64decode: unary((context, value) => decodeBase64(textArgument(context, value))),
  json_parse: unary((context, value) => parseJson(textArgument(context, value))),
  // Times.
  timestamp: unary((_context, value) => toTimestamp(value)),
  duration: unary((_context, value) => toDuration(value)),
  date: unary((_context, value) => toDate(value)),
  now: shape(0, 0, true, false, undefined)((context) => new Timestamp(context.nowMs)), // F2
  now_plus: unary((context, value) => shifted(context.nowMs, toDuration(value).ms)),
  now_minus: unary((context, value) => shifted(context.nowMs, -toDuration(value).ms)),
  getFullYear: timePart("year"),
  getMonth: timePart("month"),
  getDate: timePart("date"),
  getDayOfMonth: timePart("date", -1),
  getDayOfWeek: timePart("weekday"),
  getDayOfYear: timePart("yearday"),
  getHours: timePart("hour", 0, 3_600_000),
  getMinutes: timePart("minute", 0, 60_000),
  getSeconds: timePart("second", 0, 1_000),
  getMilliseconds: timePart("ms", 0, 1),
};

/** The functions whose result changes with the time (F2). */
export const CLOCK_FUNCTIONS: ReadonlySet<string> = new Set(["now", "now_plus", "now_minus"]);

function noArgument(value: Value): never {
  return fail(`a function does not take a ${typeNameOf(value)}`);
}

function textArgument(context: CallContext, value: Value): string {
  if (typeof value !== "string") return noArgument(value);
  spend(context, value.length >> 4);
  return value;
}

/** Characters of a text (code points), items of a list, keys of a map. */
function sizeOf(context: CallContext, value: Value): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value === "string") {
    spend(context, value.length >> 2);
    let count = value.length;
    for (let index = 1; index < value.length; index++) {
      const isLow = (value.charCodeAt(index) & 0xfc00) === 0xdc00;
      if (isLow && (value.charCodeAt(index - 1) & 0xfc00) === 0xd800) count--;
    }
    return count;
  }
  if (!isMap(value)) return noArgument(value);
  const { length } = Object.keys(value);
  spend(context, length);
  return length;
}

function onTexts(context: CallContext, value: Value, part: Value, test: (a: string, b: string) => boolean): boolean {
  if (isAbsent(part)) return false;
  return test(textArgument(context, value), textArgument(context, part));
}

function matches(context: CallContext, value: Value, pattern: Value): boolean {
  if (isAbsent(pattern)) return false;
  if (typeof value !== "string" || typeof pattern !== "string") return noArgument(value);
  spend(context, value.length);
  return compilePattern(pattern).test(value);
}

function toInt(value: Value): bigint {
  if (typeof value === "bigint") return value;
  if (value instanceof Timestamp) return BigInt(Math.floor(value.ms / 1_000));
  if (typeof value === "number" && Number.isFinite(value)) return checkedInt(BigInt(Math.trunc(value)));
  if (typeof value === "string" && /^[+-]?\d{1,19}$/.test(value)) return checkedInt(BigInt(value.replace(/^\+/, "")));
  return fail(`this ${typeNameOf(value)} is not an int`);
}

function toUnsigned(value: Value): bigint {
  const int = toInt(value);
  return int < 0n ? fail("uint cannot be negative") : int;
}

function toDouble(value: Value): number {
  if (isNumeric(value)) return Number(value);
  if (typeof value === "string" && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) return Number(value);
  return fail(`this ${typeNameOf(value)} is not a double`);
}

function toBool(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (value === "1" || value === "t" || value === "true" || value === "TRUE" || value === "True") return true;
  if (value === "0" || value === "f" || value === "false" || value === "FALSE" || value === "False") return false;
  return fail(`this ${typeNameOf(value)} is not a bool`);
}

function toTimestamp(value: Value): Timestamp {
  if (value instanceof Timestamp) return value;
  const read = typeof value === "string" ? parseStrictTimestamp(value) : null;
  if (read !== null) return read;
  return (isNumeric(value) ? timestampOf(Number(value) * 1_000) : null) ?? fail("this is not a timestamp");
}

/** Wider than `timestamp`: dates without a time, texts without a zone, epochs in any unit. */
function toDate(value: Value): Timestamp {
  if (value instanceof Timestamp) return value;
  if (typeof value === "string") return parseTimestamp(value) ?? fail("this text is not a date");
  return (isNumeric(value) ? timestampFromEpoch(Number(value)) : null) ?? fail("this is not a date");
}

function toDuration(value: Value): Duration {
  if (value instanceof Duration) return value;
  return (typeof value === "string" ? parseSignedDuration(value) : null) ?? fail("this is not a duration");
}

function shifted(nowMs: number, byMs: number): Timestamp {
  return timestampOf(nowMs + byMs) ?? fail("a time is out of range");
}

/** A calendar field of a timestamp, or a whole duration counted in that unit. */
function partOf(value: Value, zone: Value, field: TimeField, offset: number, unitMs: number): bigint {
  if (value instanceof Duration && unitMs > 0 && zone === undefined) return BigInt(Math.trunc(value.ms / unitMs));
  if (!(value instanceof Timestamp)) return noArgument(value);
  const part = timeField(value, field, zone === undefined ? "UTC" : textOf(zone));
  return part === null ? fail(`${textOf(zone)} is not a time zone`) : BigInt(part + offset);
}

function parseJson(text: string): Value {
  if (isDeeperThan(text, PARSED_DEPTH_MAX)) return fail(`the JSON nests deeper than ${PARSED_DEPTH_MAX} levels`);
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return fail("the text is not JSON");
  }
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 (standard or URL-safe alphabet) of UTF-8 text. By hand: this layer has no host functions. */
function decodeBase64(text: string): string {
  const digits = text.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  let escaped = "";
  let bits = 0;
  let bitCount = 0;
  for (const digit of digits) {
    const value = BASE64.indexOf(digit);
    if (value < 0) return fail("the text is not Base64");
    bits = ((bits << 6) | value) & 0xfff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      escaped += `%${((bits >> bitCount) & 0xff).toString(16).padStart(2, "0")}`;
    }
  }
  try {
    return decodeURIComponent(escaped); // The language's own UTF-8 decoder.
  } catch {
    return fail("the decoded bytes are not UTF-8");
  }
}
