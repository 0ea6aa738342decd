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
  const tooLarge = new StepwellError("body_too_large", { limit: bytesMax });
  if (Number(request.headers["content-length"]) > bytesMax) {
    request.resume();
    return Promise.reject(tooLarge);
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
      reject(tooLarge);
    };
    request.on("data", onData);
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on("error", () => reject(new StepwellError("body_invalid", { reason: "the connection broke off" })));
    request.on("close", () => reject(new StepwellError("body_invalid", { reason: "the connection broke off" })));
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
  const text = decodeText(body);
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
