/**
 * Request and response signatures: `t=<unix seconds>&s=<hex HMAC-SHA256 of body then t>`.
 *
 *   S1. The key is the text of the signing key without its `signkey-<env>-` prefix.
 *   S2. Requests are signed over canonical JSON. Our own bodies are canonical already, so the raw bytes are tried
 *       first and the canonical form only when they fail.
 *   S3. Compares take the same time whatever differs.
 */
import { bytesToHex, hexToBytes, hmacSha256Hex, sha256Hex, utf8ToBytes } from "./hash.ts";
import { canonicalJson } from "./json.ts";
import { LIMITS } from "./limits.ts";

const PREFIX = /^signkey-\w+-/;

/** The HMAC-SHA256 of the parts, one after the other, in hex. */
export type Hmac = (key: string, ...parts: readonly (Uint8Array | string)[]) => string;

export function signatureKey(signingKey: string): string {
  return signingKey.replace(PREFIX, "");
}

/** The token that API calls carry: the prefix kept, the key hashed. Null when the key is not even-length hex. */
export function hashedSigningKey(signingKey: string): string | null {
  const prefix = PREFIX.exec(signingKey)?.[0] ?? "";
  const hex = signingKey.slice(prefix.length);
  if (hex.length === 0 || hex.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(hex)) return null;
  return prefix + sha256Hex(hexToBytes(hex));
}

export function sign(body: Uint8Array | string, signingKey: string, nowMs: number, hmac: Hmac = hmacSha256Hex): string {
  const timestamp = String(Math.floor(nowMs / 1_000));
  return `t=${timestamp}&s=${hmac(signatureKey(signingKey), body, timestamp)}`;
}

export type Verdict = "valid" | "malformed" | "expired" | "mismatch";

/** Checks a signature over a body, trying each key; returns the key that fits, or why none does. */
export function verify(
  header: string,
  body: Uint8Array,
  signingKeys: readonly string[],
  nowMs: number,
  hmac: Hmac = hmacSha256Hex,
): { readonly verdict: "valid"; readonly key: string } | { readonly verdict: Exclude<Verdict, "valid"> } {
  const match = /^t=(\d{1,12})&s=([0-9a-f]{64})$/.exec(header);
  if (match === null) return { verdict: "malformed" };
  const [, timestamp, signature] = match;
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > LIMITS.signatureAgeMsMax) return { verdict: "expired" };
  for (const key of signingKeys) {
    if (isEqualConstantTime(hmac(signatureKey(key), body, timestamp!), signature!)) return { verdict: "valid", key };
  }
  const canonical = canonicalBytes(body);
  if (canonical !== null) {
    for (const key of signingKeys) {
      if (isEqualConstantTime(hmac(signatureKey(key), canonical, timestamp!), signature!))
        return { verdict: "valid", key };
    }
  }
  return { verdict: "mismatch" };
}

function isEqualConstantTime(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++)
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index % Math.max(right.length, 1));
  return difference === 0;
}

function canonicalBytes(body: Uint8Array): Uint8Array | null {
  if (body.length === 0) return null;
  try {
    return utf8ToBytes(canonicalJson(JSON.parse(decodeUtf8(body))));
  } catch {
    return null; // Not JSON: there is no canonical form to try.
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  // Through percent-encoding, because this layer sees only the ES library.
  return decodeURIComponent(bytesToHex(bytes).replace(/../g, "%$&"));
}
