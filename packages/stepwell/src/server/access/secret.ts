/**
 * Random texts that prove something: tokens, links, sessions, event keys.
 *
 *   SE1. They have 256 bits of chance, so what is stored is a plain SHA-256: there is nothing to guess it from.
 *   SE2. They are found by their hash. Whoever measures how long that takes learns about hashes, which lead nowhere.
 */
import { createHash, randomBytes } from "node:crypto";

const BYTES = 32;
const PREFIX_TOKEN = "swt_";

export function newSecret(): string {
  return randomBytes(BYTES).toString("base64url");
}

/** With a beginning by which people and scanners know it. */
export function newToken(): string {
  return PREFIX_TOKEN + newSecret();
}

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** The end of a secret, to tell it from others. */
export function hintOf(secret: string): string {
  return secret.length < 12 ? "" : secret.slice(-4);
}
