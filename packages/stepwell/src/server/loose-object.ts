/**
 * Objects as other SDKs write them: keys in other cases (`appname`, `deploy_type`, `Singleton`), `null` for what is
 * absent, and empty texts for keys and expressions that are not there.
 */
import { z } from "zod";

/** An object whose keys are recognised whatever their case; `null` values count as absent. */
export function looseObject<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [fold(name), name]));
  return z.preprocess((value) => withKnownKeys(value, names), z.object(shape, "it must be an object"));
}

/** A text that may be left out; an empty one counts as left out. */
export function optionalText<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (value === "" || value === null ? undefined : value), z.optional(schema));
}

function withKnownKeys(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const known: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = names.get(fold(key));
    if (name === undefined || inner === null) continue;
    if (key === name || known[name] === undefined) known[name] = inner; // The exact spelling wins.
  }
  return known;
}

function fold(key: string): string {
  return key.replaceAll("_", "").toLowerCase();
}
