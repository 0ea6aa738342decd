/**
 * Errors with a code of the catalogue (errors.ts), and their texts.
 *
 *   CE1. Texts are looked up among those that are known to this process: the SDK's (app-errors.ts), and all of them where
 *        errors.ts is loaded, which every layer from the core on does.
 */
import { APP_ERRORS, type CatalogueEntry } from "./app-errors.ts";
import type { ErrorValue } from "./error-value.ts";
import type { ErrorCode } from "./errors.ts";

const known = new Map<string, CatalogueEntry>(Object.entries(APP_ERRORS));

/** Adds to what is known (CE1). */
export function know(entries: Readonly<Record<string, CatalogueEntry>>): void {
  for (const [code, one] of Object.entries(entries)) known.set(code, one);
}

/** What the newest version of this package knows and this process does not still has a code. */
const UNKNOWN: CatalogueEntry = {
  status: 500,
  message: "An error without a text here.",
  fix: "Look its code up in docs/errors.md.",
};

const entryOf = (code: string): CatalogueEntry => known.get(code) ?? UNKNOWN;

export type ErrorDetails = Readonly<Record<string, string | number | null>>;

/**
 * An error with a stable `code` of the catalogue. Recognise it by `code`, not by `instanceof`: two copies of this package
 * may meet.
 *
 * @example
 * ```ts
 * import { Stepwell, type StepwellError } from "stepwell";
 * const client = new Stepwell({ id: "shop" });
 * try {
 *   await client.send({ name: "order/placed" });
 * } catch (error) {
 *   const { code, message, fix } = error as StepwellError;
 *   if (code !== "send_failed") throw error;
 *   console.error(message, fix);
 * }
 * ```
 */
export class StepwellError extends Error {
  override readonly name = "StepwellError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(errorMessage(code, details), options);
    this.code = code;
    this.status = entryOf(code).status;
    this.details = details;
  }

  /** What to do about it. */
  get fix(): string {
    return filled(entryOf(this.code).fix, this.details);
  }
}

/** The message of a code with its details filled in. */
export function errorMessage(code: ErrorCode, details: ErrorDetails = {}): string {
  return filled(entryOf(code).message, details);
}

/** A coded error as data, for where it is stored and shown instead of thrown. */
export function codedErrorValue(code: ErrorCode, details: ErrorDetails = {}): ErrorValue {
  return { name: code, code, message: errorMessage(code, details) };
}

/** A reason may be a whole sentence of somebody else's: its full stop is enough. */
function filled(text: string, details: ErrorDetails): string {
  return text.replace(/\{(\w+)\}(\.?)/g, (whole, key: string, stop: string) => {
    if (!Object.hasOwn(details, key)) return whole;
    const value = String(details[key]);
    return /[.!?]$/.test(value) ? value : value + stop;
  });
}

/** True for a coded error, also one from another copy of this package. */
export function isStepwellError(value: unknown): value is StepwellError {
  return (
    value instanceof Error && value.name === "StepwellError" && typeof (value as { code?: unknown }).code === "string"
  );
}
