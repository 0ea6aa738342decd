/**
 * The session's cookie.
 *
 *   CK1. Scripts cannot read it, other sites cannot have it sent, and over an encrypted connection it is never sent without
 *        one; `__Host-` keeps neighbours below the same domain from planting one.
 */
import type { IncomingMessage } from "node:http";

const NAME = "stepwell-session";
const NAME_SECURE = `__Host-${NAME}`;

/** A value for `set-cookie`. */
export function sessionCookie(secret: string, maxAgeMs: number, isSecure: boolean): string {
  const name = isSecure ? NAME_SECURE : NAME;
  const seconds = Math.floor(maxAgeMs / 1_000);
  return `${name}=${secret}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`; // CK1
}

/** What the browser has, or null. */
export function sessionOf({ headers }: IncomingMessage, isSecure: boolean): string | null {
  const wanted = isSecure ? NAME_SECURE : NAME;
  for (const part of (headers.cookie ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === wanted) return part.slice(at + 1).trim();
  }
  return null;
}
