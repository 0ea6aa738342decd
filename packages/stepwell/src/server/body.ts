/**
 * Request bodies, read with a limit.
 *
 *   B1. Never more than the limit is kept: reading stops at the first byte beyond it.
 *   B2. Text is UTF-8 or refused; nothing is replaced silently.
 *   B3. JSON is refused when it nests too deep, before a recursive parser meets it.
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { StepwellError } from "../protocol/errors.ts";
import { isDeeperThan } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";

/** Reads the whole body, or rejects with `body_too_large`. The rest of a refused body is thrown away as it comes. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  // Errors are made only when they are needed: every request closes, and making one is not cheap.
  const tooLarge = () => new StepwellError("body_too_large", { limit: bytesMax });
  if (Number(request.headers["content-length"]) > bytesMax) {
    request.resume();
    return Promise.reject(tooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      request.off("data", onData); // B1
      chunks.length = 0;
      request.resume();
      reject(tooLarge());
    };
    request.on("data", onData);
    let isWhole = false;
    request.on("end", () => {
      isWhole = true;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    const brokeOff = () => {
      if (!isWhole) reject(new StepwellError("body_invalid", { reason: "the connection broke off" }));
    };
    request.on("error", brokeOff);
    request.on("close", brokeOff);
  });
}

/** The text of a body (B2). */
export function decodeText(body: Buffer): string {
  if (!isUtf8(body)) throw new StepwellError("body_invalid", { reason: "it is not UTF-8" });
  const text = body.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The value of a JSON body (B2, B3). */
export function parseJsonBody(body: Buffer): unknown {
  return parseJsonText(decodeText(body));
}

/** The value of a JSON body of an app, with cut characters replaced. */
export function parseAppBody(body: Buffer): unknown {
  return parseJsonText(withWholePairs(decodeText(body)));
}

function parseJsonText(text: string): unknown {
  if (text.trim() === "") throw new StepwellError("body_invalid", { reason: "it is empty" });
  if (isDeeperThan(text, LIMITS.jsonDepthMax)) throw new StepwellError("body_too_deep", { limit: LIMITS.jsonDepthMax });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StepwellError("body_invalid", { reason: `it is not JSON (${syntaxReason(error)})` });
  }
}

/** The parser's own words, without the excerpt of the body that newer ones add. */
function syntaxReason(error: unknown): string {
  const text = error instanceof Error ? error.message : "";
  return text.replace(/,? ?(\.\.\.)?".*" is not valid JSON$/s, "").replace(/ \(line .*$/, "");
}

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
const ESCAPE = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)/gs;

/**
 * JSON text in which escaped halves of surrogate pairs stand as the replacement character. A text that was cut in the
 * middle of a character is common in results and errors; the step has run, so its result is kept rather than refused.
 */
export function withWholePairs(json: string): string {
  if (!SURROGATE_ESCAPE.test(json)) return json;
  return json.replace(ESCAPE, (whole, half: string | undefined) => (half === undefined ? whole : "\\ufffd"));
}
