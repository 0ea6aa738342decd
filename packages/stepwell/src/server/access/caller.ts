/** Who asks, from where, and how the connection is: read from a request before anything else. */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { AccessScope } from "../../store/access.ts";

/**
 * Who proved to be somebody. `open`: nobody has to, here; `signing_key`: an app, or whoever has its key; `token` and
 * `session`: what a user made, and a user who is logged in.
 */
export interface Principal {
  readonly kind: "open" | "signing_key" | "token" | "session";
  /** Of the user or the token. */
  readonly id: string;
  readonly name: string;
  readonly scope: AccessScope;
  /** The hash of the session or of the token; null for the others. */
  readonly hash: string | null;
}

export interface Caller {
  readonly principal: Principal | null;
  readonly address: string;
  /** The connection is encrypted, as far as the browser is concerned. */
  readonly isSecure: boolean;
}

export interface Placement {
  /** How people reach the server; null when it is not known. */
  readonly publicUrl: string | null;
  /** A proxy stands before the server, and says where requests come from. */
  readonly trustProxy: boolean;
}

/** Of several addresses the last is the one that the proxy saw; those before it anybody can write. */
export function addressOf(request: IncomingMessage, { trustProxy }: Placement): string {
  const forwarded = trustProxy ? listed(request.headers["x-forwarded-for"]).at(-1) : undefined;
  const address = forwarded !== undefined && isIP(forwarded) !== 0 ? forwarded : (request.socket.remoteAddress ?? "");
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}

export function isSecure(request: IncomingMessage, { publicUrl, trustProxy }: Placement): boolean {
  if (publicUrl !== null) return publicUrl.startsWith("https:");
  return trustProxy && listed(request.headers["x-forwarded-proto"]).at(-1) === "https";
}

function listed(value: string | readonly string[] | undefined): string[] {
  const text = typeof value === "string" ? value : (value ?? []).join(",");
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
