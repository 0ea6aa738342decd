/**
 * What a value looks like after its trip through JSON, as a type: steps and functions store plain JSON, and the types
 * say so. Dates become texts, `undefined` members disappear, and what JSON cannot carry becomes `never`.
 */

/** What `JSON.parse` yields: data nobody declared a type for. */
export type Untyped = ReturnType<typeof JSON.parse>;

type IsUntyped<T> = 0 extends 1 & T ? true : false;
type Unstorable =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/**
 * The type of a value after it was stored as JSON and read again.
 *
 * @example
 * ```ts
 * import type { Jsonify } from "stepwell";
 * const stored: Jsonify<{ at: Date; note?: string }> = { at: "2026-01-01T00:00:00.000Z" };
 * ```
 */
export type Jsonify<T> =
  IsUntyped<T> extends true
    ? T
    : unknown extends T
      ? T
      : T extends string | number | boolean | null
        ? T
        : undefined extends T
          ? null
          : T extends { toJSON(...args: never[]): infer Json }
            ? Jsonify<Json>
            : T extends Unstorable
              ? never
              : T extends readonly unknown[]
                ? { [Index in keyof T]: Jsonify<T[Index]> }
                : T extends object
                  ? JsonifyObject<T>
                  : never;

type JsonifyObject<T extends object> = Flatten<
  {
    [Key in keyof T as IsOptional<T, Key> extends true ? never : StorableKey<T, Key>]: Jsonify<T[Key]>;
  } & {
    [Key in keyof T as IsOptional<T, Key> extends true ? StorableKey<T, Key> : never]?: Jsonify<
      Exclude<T[Key], undefined>
    >;
  }
>;

type StorableKey<T, Key extends keyof T> = Key extends symbol ? never : T[Key] extends Unstorable ? never : Key;
type IsOptional<T, Key extends keyof T> =
  IsUntyped<T[Key]> extends true ? false : unknown extends T[Key] ? false : undefined extends T[Key] ? true : false;
type Flatten<T> = { [Key in keyof T]: T[Key] };
