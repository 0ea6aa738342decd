/**
 * Ids are ULIDs: 48 bits of time, 80 bits of chance, 26 characters of Crockford base 32 that sort by time.
 *
 *   I1. Ids of one source strictly increase, also when the clock stands still or steps back.
 *   I2. The first two characters of the random part hold the partition (10 bits), so any node routes an id alone.
 *   I3. The same seed and the same instants give the same ids.
 */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ULID_PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** The number of partitions an id can name. */
export const PARTITIONS_MAX = 1024;

/** The largest instant an id can hold (48 bits of milliseconds). */
export const ULID_TIME_MAX = 2 ** 48 - 1;

export function isUlid(text: string): boolean {
  return ULID_PATTERN.test(text);
}

/** The instant inside an id, in milliseconds. */
export function ulidTime(id: string): number {
  let time = 0;
  for (let index = 0; index < 10; index++) time = time * 32 + ALPHABET.indexOf(id[index]!);
  return time;
}

/** The partition inside a run id (I2). */
export function partitionOf(id: string): number {
  return ALPHABET.indexOf(id[10]!) * 32 + ALPHABET.indexOf(id[11]!);
}

export function encodeUlidTime(timeMs: number): string {
  let text = "";
  let rest = timeMs;
  for (let index = 0; index < 10; index++) {
    text = ALPHABET[rest % 32]! + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** A ULID from an instant and exactly ten bytes. */
export function encodeUlid(timeMs: number, bytes: Uint8Array): string {
  let random = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      random += ALPHABET[(value >>> bits) & 31]!;
    }
    value &= (1 << bits) - 1;
  }
  return encodeUlidTime(timeMs) + random;
}

export interface IdSource {
  /** The next id for an instant; with a partition, the id carries it. */
  next(nowMs: number, partition?: number): string;
}

/** A source of ids over a source of 32-bit numbers (a seeded one in tests, the system's in production). */
export function createIdSource(random: () => number): IdSource {
  let lastTime = -1;
  // 70 bits of chance as two halves of seven characters (35 bits each); the low half counts up within one ms.
  let high = 0;
  let low = 0;
  // All that stands before the low half, and the partition for which it was written: the same for most ids of one ms.
  let prefix = "";
  let prefixPartition = -1;
  const HALF = 2 ** 35;
  const draw = () => (random() % 8) * 2 ** 32 + random();
  return {
    next(nowMs, partition = 0) {
      if (nowMs > lastTime) {
        lastTime = nowMs;
        high = draw();
        low = draw();
        prefixPartition = -1;
      } else if (++low >= HALF) {
        low = 0;
        prefixPartition = -1;
        if (++high >= HALF) {
          high = 0;
          lastTime++;
        }
      }
      if (partition !== prefixPartition) {
        const route = ALPHABET[(partition >>> 5) & 31]! + ALPHABET[partition & 31]!;
        prefix = encodeUlidTime(lastTime) + route + chars(high);
        prefixPartition = partition;
      }
      return prefix + chars(low);
    },
  };
}

const CODES: readonly number[] = [...ALPHABET].map((char) => char.charCodeAt(0));

/** 35 bits as seven characters. */
function chars(value: number): string {
  const high = Math.floor(value / 2 ** 20);
  const low = value - high * 2 ** 20;
  const code = (bits: number) => CODES[bits & 31]!;
  return String.fromCharCode(
    code(high >>> 10),
    code(high >>> 5),
    code(high),
    code(low >>> 15),
    code(low >>> 10),
    code(low >>> 5),
    code(low),
  );
}

/**
 * The id of the event at `index` (0-based) of a request that carries the header `x-inngest-event-id-seed`
 * (`"<unix ms>,<base64 of 10 bytes>"`): a retried request yields the same ids. Bytes 6..9, read as a big-endian
 * number, get `index + 1` added. A malformed seed is `null`: the caller draws fresh ids instead.
 */
export function eventIdFromSeed(seed: string, index: number): string | null {
  const match = /^(\d{1,15}),([A-Za-z0-9+/_-]{14}={0,2})$/.exec(seed);
  if (match === null) return null;
  const timeMs = Number(match[1]);
  if (timeMs > ULID_TIME_MAX) return null;
  const bytes = base64Bytes(match[2]!);
  if (bytes.length !== 10) return null;
  const counter = (bytes[6]! * 2 ** 24 + bytes[7]! * 2 ** 16 + bytes[8]! * 2 ** 8 + bytes[9]! + index + 1) % 2 ** 32;
  bytes[6] = Math.floor(counter / 2 ** 24);
  bytes[7] = (counter >>> 16) & 255;
  bytes[8] = (counter >>> 8) & 255;
  bytes[9] = counter & 255;
  return encodeUlid(timeMs, bytes);
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function base64Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const char of text.replaceAll("-", "+").replaceAll("_", "/")) {
    if (char === "=") break;
    value = (value << 6) | BASE64.indexOf(char);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >>> bits) & 255);
    }
    value &= (1 << bits) - 1;
  }
  return Uint8Array.from(bytes);
}
