/** Hashes both wings agree on. Synchronous and free of host APIs, so that the SDK runs at the edge. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

export { bytesToHex, hexToBytes, utf8ToBytes };

export function sha1Hex(text: string): string {
  return bytesToHex(sha1(utf8ToBytes(text)));
}

export function sha256Hex(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** The HMAC of the parts, one after the other. */
export function hmacSha256Hex(key: string, ...parts: readonly (Uint8Array | string)[]): string {
  const code = hmac.create(sha256, utf8ToBytes(key));
  for (const part of parts) code.update(typeof part === "string" ? utf8ToBytes(part) : part);
  return bytesToHex(code.digest());
}

/** A name-based UUID (version 5, OID namespace): the same name is the same id on every server. */
export function uuidFromName(name: string): string {
  const namespace = hexToBytes("6ba7b8129dad11d180b400c04fd430c8");
  const text = utf8ToBytes(name);
  const input = new Uint8Array(namespace.length + text.length);
  input.set(namespace);
  input.set(text, namespace.length);
  const bytes = sha1(input).slice(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytesToHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
