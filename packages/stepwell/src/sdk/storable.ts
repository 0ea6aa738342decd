/**
 * Values of users on their way into the store: plain JSON or a clear error, never a silent loss.
 *
 *   V1. What `JSON.parse` gives back is what was there, but for `undefined` members (dropped), `undefined` elements
 *       and results (null), and objects with `toJSON` (their JSON form). All of this shows in `Jsonify<T>`.
 *   V2. The error names the place (step, event, argument) and the path inside the value.
 */
import { StepwellError } from "../protocol/coded-error.ts";
import { canonicalJson, type JsonText, plainJson } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";

/** Values may nest this deep; the rest of the wire's depth is for what is wrapped around them. */
const DEPTH_MAX = LIMITS.jsonDepthMax - 16;

interface Place {
  readonly where: string;
  readonly ancestors: object[];
}

/** The canonical JSON text of a user's value. `root` names the value at the start of the path. */
export function storableText(
  value: unknown,
  where: string,
  root: string,
  bytesMax: number = LIMITS.stepOutputBytesMax,
): JsonText {
  const text = plainJson(value) ?? checkedText(value, where, root);
  const bytes = text.length * 3 > bytesMax ? new TextEncoder().encode(text).length : text.length;
  if (bytes > bytesMax) refuse(where, root, `it has ${bytes} bytes, and the limit is ${bytesMax}`);
  return text;
}

function checkedText(value: unknown, where: string, root: string): JsonText {
  check(value, root, { where, ancestors: [] });
  return canonicalJson(value);
}

function check(value: unknown, path: string, place: Place): void {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) refuse(place.where, path, "the text holds half of a surrogate pair");
      return;
    case "boolean":
    case "undefined":
      return;
    case "number":
      if (!Number.isFinite(value)) refuse(place.where, path, `${value} is not a JSON number`);
      return;
    case "object":
      if (value !== null) checkObject(value, path, place);
      return;
    default:
      refuse(place.where, path, `JSON has no ${typeof value}`);
  }
}

function checkObject(value: object, path: string, place: Place): void {
  if (place.ancestors.includes(value)) refuse(place.where, path, "it contains itself");
  if (place.ancestors.length >= DEPTH_MAX) refuse(place.where, path, `it nests deeper than ${DEPTH_MAX} levels`);
  place.ancestors.push(value);
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    const json = (value as { toJSON: () => unknown }).toJSON();
    if (value instanceof Date && json === null) refuse(place.where, path, "the date is invalid");
    check(json, path, place);
  } else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) check(value[index], `${path}[${index}]`, place);
  } else {
    const loss = lossOf(value);
    if (loss !== null) refuse(place.where, path, loss);
    for (const [key, inner] of Object.entries(value)) check(inner, memberPath(path, key), place);
  }
  place.ancestors.pop();
}

/** Why JSON would silently empty this object, or null. */
function lossOf(value: object): string | null {
  if (value instanceof Map || value instanceof Set) return "a Map or Set loses its entries; use an object or an array";
  if (value instanceof Error) return "an Error loses its message; return its message, or throw it";
  if (value instanceof Promise) return "it is a promise; await it";
  if (value instanceof RegExp) return "a RegExp has no JSON form";
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return "binary data has no JSON form; use base64";
  const prototype: unknown = Object.getPrototypeOf(value);
  // A Response, a Blob, a generator, a boxed number: what they hold is not in members of their own.
  if (prototype !== Object.prototype && prototype !== null && Object.keys(value).length === 0) {
    const name = (prototype as { constructor?: { name?: string } }).constructor?.name || "object of its kind";
    return `a ${name} has no JSON form; return what you need of it`;
  }
  return null;
}

function memberPath(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function refuse(where: string, path: string, reason: string): never {
  throw new StepwellError("value_not_storable", { where, path, reason });
}
