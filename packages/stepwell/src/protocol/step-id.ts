/**
 * Step identity: SHA-1 of the user's id; the n-th repeat of an id within one pass hashes `id:n`.
 * Position in the code is not part of it. Recently hashed ids are kept, because a replay hashes them all again.
 */
import { sha1Hex } from "./hash.ts";

const CACHE_SIZE_MAX = 10_000;
const cache = new Map<string, string>();

/** The hashed id (40 hex characters) of the `index`-th use (0-based) of `id`. */
export function stepHash(id: string, index: number): string {
  const key = index === 0 ? id : `${id}:${index}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= CACHE_SIZE_MAX) cache.clear();
  const hash = sha1Hex(key);
  cache.set(key, hash);
  return hash;
}

/** The key (`id` or `id:index`) behind a hash that was made lately, for messages; undefined when it is not known. */
export function knownStepId(hash: string): string | undefined {
  for (const [key, known] of cache) if (known === hash) return key;
  return undefined;
}
