/** A value of a request as the text that is stored: what JSON can spell and canonical JSON cannot carry is refused. */
import { StepwellError } from "../../protocol/errors.ts";
import { canonicalJson, type JsonText } from "../../protocol/json.ts";

export function jsonTextOf(value: unknown, name: string): JsonText {
  try {
    return canonicalJson(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "not plain JSON";
    throw new StepwellError("body_invalid", { reason: `${name} cannot be stored: ${reason}` });
  }
}
