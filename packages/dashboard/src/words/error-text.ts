/** Errors of runs and steps, whatever form they have: a name, a message, a stack, and what caused them. */

export interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly cause: ErrorFacts | null;
  /** Fields beyond these. */
  readonly rest: Readonly<Record<string, unknown>> | null;
}

const DEPTH_MAX = 8;
const KNOWN = new Set(["name", "message", "stack", "cause", "__serialized", "error"]);

/** Null: there is no error. */
export function errorFacts(value: unknown, depth = 0): ErrorFacts | null {
  if (value === null || value === undefined || depth > DEPTH_MAX) return null;
  if (typeof value !== "object") return { name: "Error", message: String(value), stack: null, cause: null, rest: null };
  const fields = value as Readonly<Record<string, unknown>>;
  const rest = Object.entries(fields).filter(([key, inner]) => !KNOWN.has(key) && inner !== null);
  return {
    name: textOf(fields["name"]) ?? "Error",
    message: textOf(fields["message"]) ?? textOf(fields["error"]) ?? "",
    stack: textOf(fields["stack"]),
    cause: errorFacts(fields["cause"], depth + 1),
    rest: rest.length === 0 ? null : Object.fromEntries(rest),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
