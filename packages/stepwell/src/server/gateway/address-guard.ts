/**
 * Where requests of steps may go.
 *
 *   AG1. A connection is made only to an address that was checked: the look-up that opens it is the one that checks.
 *        A name that answers otherwise a moment later changes nothing.
 *   AG2. One address that is not allowed among a name's answers refuses the name.
 *   AG3. A host that is an address is checked before it is asked for: the platform looks up names only.
 */
import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { StepwellError } from "../../protocol/errors.ts";

/** Every address of a name. Rejects like `dns.lookup`. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

export type AddressCheck = (address: string) => boolean;

/** The addresses of a name, as this machine resolves it. */
export const lookupHere: Lookup = (hostname) => lookup(hostname, { all: true });

/** Where a request goes, as errors say it: no path, no query, no user. */
export function targetName(url: URL): string {
  return url.origin;
}

/** The address of a request, parsed; with the names that end in a dot in the form that certificates know. */
export function parseTarget(text: string, base?: URL): URL | null {
  if (!URL.canParse(text, base?.href)) return null;
  const url = new URL(text, base?.href);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.replace(/\.+$/, "");
  url.hash = "";
  return url.hostname === "" || url.hostname.endsWith(".") ? null : url;
}

/** AG3. Throws `gateway_refused`. */
export function checkLiteralHost(url: URL, isAllowed: AddressCheck): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isAllowed(host)) throw refused(targetName(url), "it is a private address");
}

/** AG1, AG2: the look-up of a connection, in the form that sockets ask for it. */
export function guardedLookup(resolve: Lookup, isAllowed: AddressCheck): LookupFunction {
  return (hostname, options, callback) => {
    checkedAddresses(hostname, options, resolve, isAllowed).then(
      (addresses) => {
        if (options.all === true) callback(null, addresses);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

async function checkedAddresses(
  hostname: string,
  options: LookupOptions,
  resolve: Lookup,
  isAllowed: AddressCheck,
): Promise<LookupAddress[]> {
  const addresses = await resolve(hostname);
  if (addresses.some(({ address }) => isIP(address) === 0 || !isAllowed(address))) {
    throw refused(hostname, "its name stands for a private address"); // AG2
  }
  const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : (options.family ?? 0);
  const usable = addresses.filter(({ address }) => family === 0 || isIP(address) === family);
  if (usable.length === 0) throw Object.assign(new Error("no address"), { code: "ENOTFOUND" });
  return usable.map(({ address }) => ({ address, family: isIP(address) }));
}

const refused = (target: string, reason: string) => new StepwellError("gateway_refused", { target, reason });
