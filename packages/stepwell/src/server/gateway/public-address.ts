/**
 * Which addresses lie on the public internet. Everything else is somebody's inside: this machine, its network, the
 * metadata service of its cloud.
 *
 *   PA1. IPv6 is refused unless it is known to be public; forms that carry an IPv4 address are judged by that one.
 *   PA2. What is no address is not public.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

const NOT_PUBLIC_4 = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8], // This network.
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // Carriers' inside; a cloud's metadata.
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // A cloud's inside, at a public address.
  ["169.254.0.0", 16], // Link-local; most clouds' metadata.
  ["172.16.0.0", 12],
  ["192.0.0.0", 24], // Protocols; a cloud's metadata.
  ["192.0.2.0", 24], // Documentation.
  ["192.88.99.0", 24], // Relays of old.
  ["192.168.0.0", 16],
  ["198.18.0.0", 15], // Measurements.
  ["198.51.100.0", 24], // Documentation.
  ["203.0.113.0", 24], // Documentation.
  ["224.0.0.0", 4], // Multicast.
  ["240.0.0.0", 4], // Reserved, broadcast.
] as const) {
  NOT_PUBLIC_4.addSubnet(network, prefix, "ipv4");
}

const GLOBAL_6 = new BlockList();
GLOBAL_6.addSubnet("2000::", 3, "ipv6");

const NOT_PUBLIC_6 = new BlockList();
for (const [network, prefix] of [
  ["2001::", 23], // Protocols, tunnels.
  ["2001:db8::", 32], // Documentation.
  ["2002::", 16], // Tunnels that carry an IPv4 address.
  ["3fff::", 20], // Documentation.
] as const) {
  NOT_PUBLIC_6.addSubnet(network, prefix, "ipv6");
}

/** True when the address, as text without brackets, is on the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !NOT_PUBLIC_4.check(address, "ipv4");
  if (!isIPv6(address) || address.includes("%")) return false; // PA2; a zone says that it is local.
  const inner = carriedAddress(address);
  if (inner !== null) return isPublicAddress(inner);
  return GLOBAL_6.check(address, "ipv6") && !NOT_PUBLIC_6.check(address, "ipv6");
}

/** The IPv4 address of a mapped (::ffff:0:0/96) or translated (64:ff9b::/96) one; null for all others. */
export function carriedAddress(address: string): string | null {
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const isTranslated = groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (!isMapped && !isTranslated) return null;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** The eight groups of an IPv6 address. The platform writes any spelling in one form, of hexadecimal groups and `::`. */
function groupsOf(address: string): number[] {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = text.split("::");
  const numbers = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const before = numbers(head);
  const after = numbers(tail ?? "");
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
