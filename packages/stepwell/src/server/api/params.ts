/** Parameters that several routes have, with what is said when they are wrong. */
import { z } from "zod";
import { isUlid } from "../../protocol/ids.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";

const LIMIT_DEFAULT = 20;

/** Whatever is asked for is cut to what is allowed. */
export function limit(max: number, byDefault: number = LIMIT_DEFAULT) {
  return z
    .string()
    .regex(/^-?\d{1,9}$/, "it is not a whole number")
    .transform((text) => Math.min(Math.max(Number(text), 1), max))
    .prefault(String(byDefault))
    .meta({
      type: "integer",
      minimum: 1,
      maximum: max,
      default: byDefault,
      pattern: undefined,
      description: "How many.",
    });
}

export const cursor = z
  .string()
  .refine(isUlid, "it is not the id of a row")
  .optional()
  .meta({ description: "Where the page before ended: its `cursor`." });

/** Of lists whose rows have no ids that sort: how many rows came before. */
export const offsetCursor = z
  .string()
  .regex(/^\d{1,9}$/, "it is not what a page before said")
  .transform(Number)
  .prefault("0")
  .meta({ type: "string", pattern: undefined, description: "Where the page before ended: its `cursor`." });

/** RFC 3339, or Unix milliseconds. */
export function time(description: string) {
  return z
    .string()
    .transform((text, issues) => {
      if (/^\d{10,15}$/.test(text)) return Number(text);
      const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
      if (Number.isNaN(at)) issues.addIssue({ code: "custom", message: "it is not a time like 2026-01-31T12:00:00Z" });
      return at;
    })
    .optional()
    .meta({ description: `${description} RFC 3339, or Unix milliseconds.` });
}

export function text(description: string) {
  return z.string().optional().meta({ description });
}

export function flag(description: string) {
  return z
    .enum(["true", "false", "1", "0"], "it is neither true nor false")
    .transform((word) => word === "true" || word === "1")
    .prefault("false")
    .meta({ type: "boolean", enum: undefined, default: false, description });
}

export function pathParam(description: string) {
  return z.string().meta({ description });
}

export const runId = pathParam("The run's id, a ULID.");
export const eventId = pathParam("The event's internal id, a ULID.");
export const operationId = pathParam("The operation's id, a ULID.");
export const functionRef = pathParam("The function's slug or id.");
export const appRef = pathParam("The app's name or id.");

/** An object of the caller's, taken as it is: copying it would lose keys like `__proto__`. */
export const jsonObject = z
  .custom<JsonObject>(isJsonObject, "must be an object")
  .meta({ type: "object", additionalProperties: true });

/** A body that the handler reads itself; it has to be there. */
export const wholeBody = z.unknown().refine((value) => value !== undefined);
