/**
 * Tokens for the output and the stream of one run: whoever was redirected has nothing else to show.
 *
 *   TK1. A token is for one run and one use, and for a limited time.
 *   TK2. Its key is made of the signing key, so it holds on every node and through restarts; without a signing key it is
 *        drawn anew for each process.
 *   TK3. Its header is not read: it must be the one that is written here.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";

export type TokenUse = "output" | "stream";

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const HEADER = encode({ alg: "HS256", typ: "JWT" });
const TOKEN_CHARS_MAX = 1_024;

export class RunTokens {
  /** The current key first. */
  readonly #keys: readonly Buffer[];

  constructor(signingKeys: readonly string[]) {
    const keys = signingKeys.map((key) => createHmac("sha256", key).update("run tokens").digest());
    this.#keys = keys.length > 0 ? keys : [randomBytes(32)]; // TK2
  }

  issue(use: TokenUse, runId: string, nowMs: number): string {
    const exp = Math.floor((nowMs + LIMITS.endpointTokenMs) / 1_000);
    const signed = `${HEADER}.${encode({ iss: "stepwell", sub: `run-${use}`, run: runId, exp })}`;
    return `${signed}.${sign(this.#keys[0]!, signed).toString("base64url")}`;
  }

  /** The run that the token is for; throws `run_token_invalid`. */
  check(use: TokenUse, token: string, nowMs: number): string {
    const [header, claims, signature, ...rest] = token.slice(0, TOKEN_CHARS_MAX).split(".");
    const isWhole = header === HEADER && claims !== undefined && signature !== undefined && rest.length === 0; // TK3
    if (!isWhole || !this.#isSigned(`${header}.${claims}`, Buffer.from(signature, "base64url"))) throw invalid();
    // Signed here, so it has the form that it was given here.
    const { sub, run, exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, unknown>;
    if (sub !== `run-${use}` || typeof exp !== "number" || exp * 1_000 <= nowMs) throw invalid(); // TK1
    return String(run);
  }

  #isSigned(text: string, signature: Buffer): boolean {
    return this.#keys.some((key) => {
      const expected = sign(key, text);
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    });
  }
}

const sign = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const invalid = (): StepwellError => new StepwellError("run_token_invalid");
