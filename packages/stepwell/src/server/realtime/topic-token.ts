/**
 * Tokens for topics of realtime channels: what a page shows to listen.
 *
 *   TT1. A token proves which topics may be listened to, and nothing else. Only beginning to listen must be in time.
 *   TT2. Its key is drawn anew for each process and never leaves it: who knows the signing key cannot make one without asking.
 *   TT3. Its header is not that of a run's token, so that neither is taken for the other.
 */
import { randomBytes } from "node:crypto";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { claimsOf, encodePart, signJwt } from "../hmac-jwt.ts";
import type { Topic } from "./hub.ts";

const HEADER = encodePart({ alg: "HS256", typ: "JWT", kid: "topics" }); // TT3
const PREFIX = `${HEADER}.`;

export class TopicTokens {
  readonly #keys = [randomBytes(32)]; // TT2

  /** Throws `body_invalid` when the names are too long for an address. */
  issue(topics: readonly Topic[], id: string, nowMs: number): string {
    const exp = Math.ceil((nowMs + LIMITS.realtimeTokenMs) / 1_000);
    const names = topics.map(({ channel, topic }) => [channel, topic]);
    const token = signJwt(this.#keys[0]!, HEADER, { iss: "stepwell", sub: "realtime", jti: id, topics: names, exp });
    if (token.length <= LIMITS.realtimeTokenCharsMax) return token;
    const reason = `its names make a token of more than ${LIMITS.realtimeTokenCharsMax} characters; ask for fewer topics`;
    throw new StepwellError("body_invalid", { reason });
  }

  /** The topics that may be listened to; throws `realtime_token_invalid`. */
  check(token: string, nowMs: number): Topic[] {
    const claims = token.length > LIMITS.realtimeTokenCharsMax ? null : claimsOf(this.#keys, HEADER, token);
    const { exp, topics } = claims ?? {};
    if (typeof exp !== "number" || exp * 1_000 <= nowMs) throw new StepwellError("realtime_token_invalid"); // TT1
    // Signed here, so it has the form that it was given here.
    return (topics as [string, string][]).map(([channel, topic]) => ({ channel, topic }));
  }
}

/** Whether a token is meant to be one of these; whether it holds is another question. */
export const isTopicToken = (token: string): boolean => token.startsWith(PREFIX);
