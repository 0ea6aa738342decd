/**
 * Tokens that this server gives out and reads itself: JWTs with HS256.
 *
 *   JW1. The header of a token is not read: it must be, letter by letter, the one that was written.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export const encodePart = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** `header` is encoded already. */
export function signJwt(key: Buffer, header: string, claims: object): string {
  const signed = `${header}.${encodePart(claims)}`;
  return `${signed}.${sign(key, signed).toString("base64url")}`;
}

/** The claims of a token that one of the keys has signed, as they were given then; null for any other text. */
export function claimsOf(keys: readonly Buffer[], header: string, token: string): Record<string, unknown> | null {
  const [first, claims, signature, ...rest] = token.split(".");
  if (first !== header || claims === undefined || signature === undefined || rest.length > 0) return null; // JW1
  if (!isSigned(keys, `${header}.${claims}`, Buffer.from(signature, "base64url"))) return null;
  return JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, unknown>;
}

function isSigned(keys: readonly Buffer[], text: string, signature: Buffer): boolean {
  return keys.some((key) => {
    const expected = sign(key, text);
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  });
}

const sign = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
