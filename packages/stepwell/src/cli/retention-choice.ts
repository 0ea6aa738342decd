/** What was said about retention when a server was started: by an option, or else by a variable. */
import { StepwellError } from "../protocol/errors.ts";
import { parseKeep, parseSize, type RetentionPolicy } from "../server/retention/policy.ts";
import { type Environment, setting } from "./settings.ts";

export interface RetentionChoice {
  readonly retention?: string;
  readonly maxSize?: string;
}

export function policyOf({ retention, maxSize }: RetentionChoice, env: Environment): Partial<RetentionPolicy> {
  const keepText = setting(retention, "RETENTION", env);
  const sizeText = setting(maxSize, "MAX_SIZE", env);
  return {
    ...(keepText === undefined ? {} : { keepMs: read("--retention", keepText, parseKeep, "30d, or forever") }),
    ...(sizeText === undefined ? {} : { sizeBytesMax: read("--max-size", sizeText, parseSize, "10GB, or none") }),
  };
}

function read(
  where: string,
  text: string,
  parse: (text: string) => number | null | undefined,
  example: string,
): number | null {
  const value = parse(text);
  if (value !== undefined) return value;
  throw new StepwellError("option_invalid", { where, reason: `${text} cannot be read; write it like ${example}` });
}
