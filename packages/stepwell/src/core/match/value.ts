/**
 * Values of the expression language, and what the loose dialect does with them.
 *
 * JSON numbers are doubles (`number`), integer literals and sizes are 64-bit integers (`bigint`). Both mix freely.
 * A field that is not there is `undefined` ("missing"); a field that holds null is `null`.
 *
 *   V1. Missing is never an error. It equals null and nothing else, not even another missing field: a rule that
 *       compares two absent ids must not match every event. In an order it comes before everything.
 *   V2. null in an order stands for the zero value of the other side: 0, "", false.
 *   V3. Work that grows with the data is paid for (`spend`), so that no expression can hold up its partition.
 */
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import { Duration, formatTimestamp, Timestamp } from "./time.ts";

/** The name of a type, as `type(x)` gives it. */
export class TypeName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export type MapValue = { readonly [key: string]: Value };
export type Value =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | string
  | Timestamp
  | Duration
  | TypeName
  | readonly Value[]
  | MapValue;

/** Thrown inside an evaluation and caught at its border (expression.ts); it carries no stack, so it is cheap. */
export class EvaluationFailure {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export function fail(reason: string): never {
  throw new EvaluationFailure(reason);
}

/** What is left of an evaluation's allowance. */
export interface Budget {
  work: number;
}

export function spend(budget: Budget, work: number): void {
  budget.work -= work;
  if (budget.work < 0) fail("the evaluation takes too long");
}

/** The longest text that `+` may build, in UTF-16 units. */
export const TEXT_LENGTH_MAX = 1_048_576;

const INT_MAX = 9_223_372_036_854_775_807n;
const INT_MIN = -9_223_372_036_854_775_808n;

export function checkedInt(value: bigint): bigint {
  return value > INT_MAX || value < INT_MIN ? fail("integer overflow") : value;
}

export function isNumeric(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

export function isAbsent(value: Value): value is null | undefined {
  return value === undefined || value === null;
}

export function isMap(value: Value): value is MapValue {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isScalarObject(value);
}

function isScalarObject(value: object): value is Timestamp | Duration | TypeName {
  return value instanceof Timestamp || value instanceof Duration || value instanceof TypeName;
}

/** JavaScript's idea of true, except that lists, maps and times are always true. */
export function isTruthy(value: Value): boolean {
  return typeof value === "object" ? value !== null : Boolean(value);
}

/** `==`. Values of different kinds are different, never an error. */
export function areEqual(left: Value, right: Value, budget: Budget): boolean {
  if (left === undefined || right === undefined) return left === null || right === null; // V1
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    // Only bigint against number is left to decide; the relational operators compare those two exactly.
    return isNumeric(left) && isNumeric(right) && left <= right && left >= right;
  }
  if (isScalarObject(left)) return areScalarsEqual(left, right);
  if (isScalarObject(right)) return false;
  if (Array.isArray(left)) return Array.isArray(right) && areListsEqual(left, right, budget);
  return !Array.isArray(right) && areMapsEqual(left as MapValue, right as MapValue, budget);
}

function areScalarsEqual(left: Timestamp | Duration | TypeName, right: object): boolean {
  if (left instanceof TypeName) return right instanceof TypeName && left.name === right.name;
  if (left instanceof Timestamp) return right instanceof Timestamp && left.ms === right.ms;
  return right instanceof Duration && left.ms === right.ms;
}

function areListsEqual(left: readonly Value[], right: readonly Value[], budget: Budget): boolean {
  if (left.length !== right.length) return false;
  spend(budget, left.length); // V3
  return left.every((item, index) => areEqual(item, right[index], budget));
}

function areMapsEqual(left: MapValue, right: MapValue, budget: Budget): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  spend(budget, keys.length); // V3
  return keys.every((key) => Object.hasOwn(right, key) && areEqual(left[key], right[key], budget));
}

/** Negative, zero or positive; NaN when the two have no order (a NaN is involved). Fails across kinds. */
export function compare(left: Value, right: Value): number {
  if (left === undefined) return -1; // V1
  if (right === undefined) return 1;
  if (left === null) return right === null ? 0 : compare(zeroOf(right), right); // V2
  if (right === null) return compare(left, zeroOf(left));
  if (isNumeric(left) && isNumeric(right)) return left < right ? -1 : left > right ? 1 : left >= right ? 0 : Number.NaN;
  if (typeof left === "string" && typeof right === "string") return compareText(left, right);
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  if (left instanceof Timestamp && right instanceof Timestamp) return left.ms - right.ms;
  if (left instanceof Duration && right instanceof Duration) return left.ms - right.ms;
  return fail(`${typeNameOf(left)} and ${typeNameOf(right)} have no order`);
}

function zeroOf(value: Value): Value {
  if (isNumeric(value)) return 0;
  if (typeof value === "string") return "";
  if (typeof value === "boolean") return false;
  return fail(`null and ${typeNameOf(value)} have no order`);
}

/** By code point, as the language asks; JavaScript's own order puts surrogate pairs before U+E000. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return a >= 0xd800 && b >= 0xd800 ? codePointRank(a) - codePointRank(b) : a - b;
  }
  return left.length - right.length;
}

function codePointRank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x2000 : unit + 0x2000;
}

export function typeNameOf(value: Value): string {
  if (isAbsent(value)) return "null_type";
  if (typeof value === "number") return "double";
  if (typeof value === "bigint") return "int";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "list";
  if (value instanceof Timestamp) return "google.protobuf.Timestamp";
  if (value instanceof Duration) return "google.protobuf.Duration";
  return value instanceof TypeName ? "type" : "map";
}

/** The text of a scalar, as `string(x)` and `+` with a text give it. */
export function textOf(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return value.toString();
  if (value instanceof TypeName) return value.name;
  if (typeof value === "object" || value === undefined) return fail(`a ${typeNameOf(value)} has no text`);
  return String(value);
}

/** As JSON: missing becomes null, an integer beyond 2^53 its digits, a time its text. */
export function toJson(value: Value, budget: Budget): JsonValue {
  if (value === undefined || value === null || typeof value === "string" || typeof value === "boolean") {
    return value ?? null;
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (isScalarObject(value)) return textOf(value);
  spend(budget, 10); // V3: a small expression can build a value that is large when written out.
  if (Array.isArray(value)) return value.map((item: Value) => toJson(item, budget));
  const copy: { [key: string]: JsonValue } = Object.create(null);
  for (const key of Object.keys(value)) copy[key] = toJson((value as MapValue)[key], budget);
  return copy satisfies JsonObject;
}
