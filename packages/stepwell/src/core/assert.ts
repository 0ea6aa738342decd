/** Assertions stay on in production: a broken invariant stops the work at hand loudly instead of storing nonsense. */
import { type ErrorDetails, StepwellError } from "../protocol/errors.ts";

export function assert(condition: boolean, what: string, details: ErrorDetails = {}): asserts condition {
  if (!condition) throw new StepwellError("invariant", { what: `${what} ${JSON.stringify(details)}` });
}
