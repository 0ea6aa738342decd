/**
 * Which pages may make a browser ask, so that no page of a stranger uses what the browser's user may do.
 *
 *   OR1. A page of another origin is refused, whatever it asks for, but for routes that say `any`: those prove what they
 *        may do in their address and never by a cookie.
 *   OR2. A browser that changes something says where its page comes from. Without that no cookie counts (access.ts).
 *   OR3. Where nobody has to prove anything the server is asked under a name of this machine or of its network: a name of
 *        the internet may be made to stand for this machine (DNS rebinding), and a proxy may let the internet in.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { StepwellError } from "../../protocol/errors.ts";
import { isPublicAddress } from "../gateway/public-address.ts";
import type { Placement } from "./caller.ts";

/** Pages of which origins may ask: those of this server, or any. */
export type Origins = "own" | "any";

export interface OriginRules extends Placement {
  /** Nobody has to prove anything (OR3). */
  readonly isOpen: boolean;
}

/** Throws `host_refused` or `origin_refused`. */
export function checkOrigin(request: IncomingMessage, origins: Origins, rules: OriginRules): void {
  if (rules.isOpen) checkHost(request); // OR3
  const { origin } = request.headers;
  if (origins === "any") {
    if (rules.isOpen && origin !== undefined && !isLocalOrigin(origin)) throw refused(origin);
    return;
  }
  if (origin !== undefined && !isOwnOrigin(origin, request, rules)) throw refused(origin); // OR1
  const site = request.headers["sec-fetch-site"];
  const isStrange = site === "cross-site" || site === "same-site";
  // A link from elsewhere leads to a page; what it shows asks again from here.
  const isLink = request.method === "GET" && request.headers["sec-fetch-mode"] === "navigate";
  if (isStrange && !isLink) throw refused(origin ?? "another site");
}

/** True when a browser says that a page of this server asks, or when nothing is changed (OR2). */
export function mayUseCookie(request: IncomingMessage, rules: Placement): boolean {
  if (request.method === "GET" || request.method === "HEAD") return true;
  const { origin } = request.headers;
  if (origin !== undefined) return isOwnOrigin(origin, request, rules);
  return request.headers["sec-fetch-site"] === "same-origin";
}

function isOwnOrigin(origin: string, { headers }: IncomingMessage, { publicUrl }: Placement): boolean {
  if (publicUrl !== null && origin === new URL(publicUrl).origin) return true;
  if (headers.host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  const isWeb = protocol === "http:" || protocol === "https:";
  return isWeb && URL.canParse(`${protocol}//${headers.host}`) && host === new URL(`${protocol}//${headers.host}`).host;
}

function checkHost({ headers }: IncomingMessage): void {
  const { host } = headers;
  if (host !== undefined && !isLocalOrigin(`http://${host}`)) throw hostRefused(host); // None: HTTP/1.0, and no browser.
  const forwarded = String(headers["x-forwarded-for"] ?? "").split(",");
  const stranger = forwarded.map((address) => address.trim()).find(isPublicAddress);
  if (stranger !== undefined) throw hostRefused(`${host ?? ""} (through a proxy, for ${stranger})`);
}

/** A name that nobody on the internet can have: of this machine, of a container, of a local network. */
function isLocalOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const name = new URL(origin).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (name === "") return false;
  if (isIP(name) !== 0) return !isPublicAddress(name);
  return !name.includes(".") || /\.(?:localhost|internal|test)$/.test(name);
}

const hostRefused = (host: string) => new StepwellError("host_refused", { host: host.slice(0, 128) });

const refused = (origin: string) => new StepwellError("origin_refused", { origin: origin.slice(0, 128) });
