/**
 * Tokens for the output and the stream of one run: whoever was redirected has nothing else to show.
 *
 *   TK1. A token is for one run and one use, and for a limited time.
 *   TK2. Its key is made of the signing key, so it holds on every node and through restarts; without a signing key it is
 *        drawn anew for each process.
 */
import { createHmac, randomBytes } from "node:crypto";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { claimsOf, encodePart, signJwt } from "../hmac-jwt.ts";

export type TokenUse = "output" | "stream";

const HEADER = encodePart({ alg: "HS256", typ: "JWT" });
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
    return signJwt(this.#keys[0]!, HEADER, { iss: "stepwell", sub: `run-${use}`, run: runId, exp });
  }

  /** The run that the token is for; throws `run_token_invalid`. */
  check(use: TokenUse, token: string, nowMs: number): string {
    const { sub, run, exp } = claimsOf(this.#keys, HEADER, token.slice(0, TOKEN_CHARS_MAX)) ?? {};
    const isValid = sub === `run-${use}` && typeof exp === "number" && exp * 1_000 > nowMs; // TK1
    if (!isValid) throw new StepwellError("run_token_invalid");
    return String(run);
  }
}
