/**
 * The signing keys as SDKs show them: `Authorization: Bearer <key>`, plain or hashed.
 *
 *   SK1. Compares take the same time whatever differs, and every configured key is compared.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { hashedSigningKey, signatureKey } from "../../protocol/signature.ts";

/** Whether a token is one of the keys, plain or hashed, with or without its prefix. */
export function signingKeyCheck(signingKeys: readonly string[]): (token: string) => boolean {
  const accepted = signingKeys.flatMap(acceptedTokens).map(digest);
  return (token) => {
    const found = digest(signatureKey(token));
    let isFound = false;
    for (const one of accepted) if (timingSafeEqual(found, one)) isFound = true; // SK1
    return isFound;
  };
}

/** The token of an `Authorization` header; empty when there is none. */
export function bearerToken(authorization: string): string {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
}

function acceptedTokens(signingKey: string): string[] {
  const hashed = hashedSigningKey(signingKey);
  return [signatureKey(signingKey), ...(hashed === null ? [] : [signatureKey(hashed)])];
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
