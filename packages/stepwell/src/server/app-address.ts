/**
 * Which addresses apps can have. Most live on private ones, beside the server; what is refused is where no app is and others
 * keep their secrets: the link-local addresses, on which clouds tell a machine its credentials.
 *
 *   AA1. A connection is made only to an address that was checked: the look-up that opens it is the one that checks, so a name
 *        that answers otherwise a moment later, or a redirect, leads nowhere else.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv4, type LookupFunction } from "node:net";
import type { AddressCheck, Lookup } from "./gateway/address-guard.ts";
import { carriedAddress } from "./gateway/public-address.ts";

const NO_APP = new BlockList();
for (const [network, prefix] of [
  ["100.100.100.200", 32], // A cloud's metadata.
  ["168.63.129.16", 32], // A cloud's inside, at a public address.
  ["169.254.0.0", 16], // Link-local; most clouds' metadata.
  ["192.0.0.192", 32], // A cloud's metadata.
  ["224.0.0.0", 4], // Multicast.
  ["240.0.0.0", 4], // Reserved, broadcast.
] as const) {
  NO_APP.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["fd00:ec2::", 32], // A cloud's metadata.
  ["fe80::", 10], // Link-local.
  ["ff00::", 8], // Multicast.
] as const) {
  NO_APP.addSubnet(network, prefix, "ipv6");
}

/** True when an app may have the address, as text without brackets. */
export function isAppAddress(address: string): boolean {
  if (isIPv4(address)) return !NO_APP.check(address, "ipv4");
  if (isIP(address) !== 6 || address.includes("%")) return false; // A zone says that it is link-local.
  const inner = carriedAddress(address);
  return inner === null ? !NO_APP.check(address, "ipv6") : isAppAddress(inner);
}

/** Why the host of an origin cannot be called; null when it is a name, or an address that an app may have. */
export function literalProblem(origin: string, isAllowed: AddressCheck): string | null {
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, "");
  return isIP(host) !== 0 && !isAllowed(host) ? REASON : null;
}

/** AA1: the look-up of a connection. Of several addresses only those are left that an app may have. */
export function appLookup(
  isAllowed: AddressCheck,
  resolve: Lookup = (name) => lookup(name, { all: true }),
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : (options.family ?? 0);
        const usable = found.filter(({ address }) => family === 0 || isIP(address) === family);
        const allowed = usable.filter(({ address }) => isAllowed(address));
        const [first] = allowed;
        if (first === undefined) callback(usable.length === 0 ? notFound() : new Error(REASON), "");
        else if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

const REASON = "its address is one that no app may have here";

const notFound = (): Error => Object.assign(new Error("no address"), { code: "ENOTFOUND" });
