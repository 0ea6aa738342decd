/**
 * What a handler gave to its logger, as one text: texts as they are, errors with their stacks, everything else as JSON. It
 * looks at little more than it writes, however large the values are, and never throws.
 */
import { LIMITS } from "../protocol/limits.ts";
import { cutMessage } from "../protocol/log-lines.ts";

/** Members of a list that are written. */
const MEMBERS_MAX = 100;

/** At most `LIMITS.logMessageCharsMax` characters. */
export function logText(args: readonly unknown[]): string {
  let text = "";
  for (const arg of args) {
    if (text !== "") text += " ";
    text += typeof arg === "string" ? arg : valueText(arg);
    if (text.length > LIMITS.logMessageCharsMax) break;
  }
  return cutMessage(text);
}

function valueText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  try {
    if (value instanceof Error) return errorText(value);
    let charsLeft: number = LIMITS.logMessageCharsMax;
    return JSON.stringify(value, (_key, member: unknown) => {
      if (charsLeft < 0) return undefined;
      charsLeft -= typeof member === "string" ? member.length : 1;
      if (typeof member === "string") return cutMessage(member);
      if (typeof member === "bigint") return String(member);
      if (member instanceof Error) return errorText(member);
      const list = member instanceof Map || member instanceof Set ? [...member] : member;
      return Array.isArray(list) && list.length > MEMBERS_MAX ? [...list.slice(0, MEMBERS_MAX), "…"] : list;
    });
  } catch {
    return "[unreadable]"; // A circle, or a getter that throws.
  }
}

/** With the error that caused it; causes behind that one are left to the user's own logger. */
function errorText({ stack, name, message, cause }: Error): string {
  const text = cutMessage(stack ?? `${name}: ${message}`);
  if (cause === undefined) return text;
  return `${text}\ncaused by ${cause instanceof Error ? (cause.stack ?? cause.message) : valueText(cause)}`;
}
