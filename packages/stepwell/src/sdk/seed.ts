/**
 * Seeds of event ids: `<unix ms>,<base64 of ten bytes>`. The server makes the ids of a request's events from its seed,
 * so a request that arrives twice stores its events once.
 */
import { hexToBytes, sha1Hex } from "../protocol/hash.ts";
import { isUlid, ulidTime } from "../protocol/ids.ts";

/** A seed that nobody else has. */
export function freshSeed(): string {
  return seedOf(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}

/** The seed of a step that sends events: the same for every attempt and every repetition of the step. */
export function stepSeed(runId: string, hashedId: string): string {
  const timeMs = isUlid(runId) ? ulidTime(runId) : 0;
  return seedOf(timeMs, hexToBytes(sha1Hex(`${runId}.${hashedId}`)).slice(0, 10));
}

function seedOf(timeMs: number, bytes: Uint8Array): string {
  return `${timeMs},${btoa(String.fromCharCode(...bytes))}`;
}
