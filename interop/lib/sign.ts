/** Signing as the server does it, written apart from the server's own code so that the two check each other. */
import { createHmac } from "node:crypto";

export function sign(body: string, signingKey: string, atMs = Date.now()): string {
  const seconds = Math.floor(atMs / 1_000);
  const key = signingKey.replace(/^signkey-\w+-/, "");
  return `t=${seconds}&s=${createHmac("sha256", key).update(`${body}${seconds}`).digest("hex")}`;
}
