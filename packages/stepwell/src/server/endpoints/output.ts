/**
 * What became of an endpoint's run, as the HTTP answer that its client would have got.
 *
 *   OP1. The answer comes from this server's address, which it must not speak for: it runs nothing and sets no cookie here.
 *   OP2. Of an error its name and message are told, not its stack.
 */
import { HOP_BY_HOP } from "../../protocol/headers.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import type { RunRow } from "../../store/store.ts";

export interface OutputAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of the connection, made anew for each answer, or not to be repeated from here (OP1). */
const DROPPED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  "content-length",
  "content-encoding",
  "date",
  "set-cookie",
  "strict-transport-security",
  "content-security-policy",
  "access-control-allow-origin",
  "access-control-expose-headers",
]);

const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);
const GUARD = { "content-security-policy": "sandbox; default-src 'none'", "x-content-type-options": "nosniff" }; // OP1

export function outputOf({ status, output, error }: RunRow): OutputAnswer {
  if (status === "completed") return replay(parse(output));
  if (status === "queued" || status === "running") {
    return json(200, { status: "running", message: "run did not end within 5 minutes" });
  }
  const value = parse(error);
  const { name, message } = isJsonObject(value) ? value : { name: "Error", message: status };
  return json(500, { status, error: { name: String(name), message: String(message) } }); // OP2
}

/** `{status, headers, body}`, perhaps in one more `data`; anything else is the value itself. */
function replay(value: unknown): OutputAnswer {
  const answer = isJsonObject(value) && isAnswer(value["data"]) ? value["data"] : value;
  if (!isAnswer(answer)) return json(200, answer ?? null);
  const { status, headers, body } = answer;
  const kept = isJsonObject(headers) ? Object.entries(headers).flatMap(([name, text]) => keptHeader(name, text)) : [];
  return {
    status,
    headers: { ...Object.fromEntries(kept), ...GUARD },
    body: BODILESS.has(status) ? "" : typeof body === "string" ? body : JSON.stringify(body ?? null),
  };
}

interface StoredAnswer extends JsonObject {
  readonly status: number;
}

function isAnswer(value: unknown): value is StoredAnswer {
  if (!isJsonObject(value) || !("body" in value)) return false;
  const { status } = value;
  return typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599;
}

function keptHeader(name: string, value: unknown): [string, string][] {
  const key = name.toLowerCase();
  const text = Array.isArray(value) ? value.join(", ") : value;
  const isSound =
    typeof text === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(key) && /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
  return isSound && !DROPPED.has(key) ? [[key, text]] : [];
}

function json(status: number, value: unknown): OutputAnswer {
  return { status, headers: { "content-type": "application/json", ...GUARD }, body: JSON.stringify(value) };
}

function parse(text: string | null): unknown {
  return text === null ? null : (JSON.parse(text) as unknown);
}
