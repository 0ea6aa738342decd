/**
 * Memos: what earlier calls of the run left behind, by hashed step id.
 *
 *   M1. Exactly `{data}`, `{error}` or `{input}` are wrappers; every other value is the result itself.
 */
import { isJsonObject } from "../protocol/json.ts";

/** Where memos come from. A `Map` of parsed values is one; texts may be parsed when asked for. */
export interface Memos {
  readonly size: number;
  has(id: string): boolean;
  /** The parsed memo. */
  get(id: string): unknown;
  keys(): Iterable<string>;
}

export type Memo =
  | { readonly kind: "data"; readonly data: unknown }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "input"; readonly input: readonly unknown[] };

export function readMemo(value: unknown): Memo {
  if (!isJsonObject(value)) return { kind: "data", data: value };
  const keys = Object.keys(value);
  const isTyped = keys.length === 2 && value["type"] === "data" && "data" in value;
  if (keys.length !== 1 && !isTyped) return { kind: "data", data: value };
  if ("data" in value) return { kind: "data", data: value["data"] };
  if ("error" in value) return { kind: "error", error: value["error"] };
  if (Array.isArray(value["input"])) return { kind: "input", input: value["input"] };
  return { kind: "data", data: value };
}

/** Memos of a parsed JSON object, without copying it. */
export const memosOf = (steps: Readonly<Record<string, unknown>>): Memos => new ParsedMemos(steps);

class ParsedMemos implements Memos {
  readonly size: number;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
    this.size = Object.keys(values).length;
  }

  has(id: string): boolean {
    return Object.hasOwn(this.#values, id);
  }

  get(id: string): unknown {
    return this.#values[id];
  }

  keys(): Iterable<string> {
    return Object.keys(this.#values);
  }
}

/** Memos given as JSON texts, each parsed when its step is reached. */
export function memosOfTexts(texts: readonly { readonly id: string; readonly json: string }[]): Memos {
  const byId = new Map(texts.map((memo) => [memo.id, memo.json]));
  return {
    size: byId.size,
    has: (id) => byId.has(id),
    get: (id) => JSON.parse(byId.get(id)!),
    keys: () => byId.keys(),
  };
}
