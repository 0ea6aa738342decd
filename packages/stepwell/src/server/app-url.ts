/** The addresses apps register, brought into one form. */
import type { AppConfig } from "../protocol/function.ts";
import { QUERY } from "../protocol/headers.ts";

const DROPPED: ReadonlySet<string> = new Set([QUERY.deployId, QUERY.probe]);
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"]);

/** The address of an app: what tells one from another. All names of this machine become `localhost`. */
export function normalizeAppUrl(text: string): string | null {
  const url = parseUrl(text);
  if (url === null) return null;
  if (LOOPBACK.has(url.hostname)) url.hostname = "localhost";
  return url.href;
}

/** The address of a function: where it is called. Kept as registered, but for what no client can connect to. */
export function normalizeCallUrl(text: string): string | null {
  const url = parseUrl(text);
  if (url === null) return null;
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  return url.href;
}

/**
 * Where a registered app is asked for its functions: by the name of this machine that it registered them under. An app gives them
 * the name it is asked by, so by another name every poll would find them all changed.
 */
export function askedUrl({ url, functions }: Pick<AppConfig, "url" | "functions">): string {
  const called = functions[0]?.url;
  if (called === undefined || !isLoopbackUrl(url) || !isLoopbackUrl(called)) return url;
  const asked = new URL(url);
  asked.hostname = new URL(called).hostname;
  return asked.href;
}

/**
 * An address as logs and error messages show it. Who put a password or a token into it did not mean to publish it:
 * user, query and fragment are left out, and an address that cannot be taken apart is not shown at all.
 */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return /[@?#]/.test(text) ? "an address that is no URL" : text;
  const { protocol, host, pathname } = new URL(text);
  if (host === "") return `${protocol}${pathname.split("@").at(-1)}`;
  const isBare = pathname === "/" && !text.endsWith("/"); // As it was written: without a slash that nobody wrote.
  return `${protocol}//${host}${isBare ? "" : pathname}`;
}

function isLoopbackUrl(text: string): boolean {
  return URL.canParse(text) && LOOPBACK.has(new URL(text).hostname);
}

function parseUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  // By hand, so that the parameters that stay keep their spelling.
  const kept = url.search
    .slice(1)
    .split("&")
    .filter((part) => part !== "" && !DROPPED.has(part.split("=")[0]!));
  url.search = kept.join("&");
  url.hash = "";
  return url;
}
