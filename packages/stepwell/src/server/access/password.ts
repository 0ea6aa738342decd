/**
 * Passwords: what is stored of them, and whether one is right.
 *
 *   PW1. Stored is scrypt's hash with a salt and its parameters, so that older hashes go on working when these grow.
 *   PW2. Hashing costs 32 MiB and a good part of a second, so few go on at once; who finds too many waiting is turned away.
 *   PW3. Whether there is such a user cannot be told from the time: where there is none, a password is checked all the same.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";

const LOG_N = 15;
const R = 8;
const P = 3;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** Beyond what the algorithm itself says that it needs. */
const SLACK_BYTES = 1024 * 1024;
const RUNNING_MAX = 2;
const WAITING_MAX = 20;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** Throws `password_invalid`. */
export function checkPassword(password: string, userName: string): void {
  const reason = weakness(password, userName);
  if (reason !== null) throw new StepwellError("password_invalid", { reason });
}

function weakness(password: string, userName: string): string | null {
  const length = [...password].length;
  if (length < LIMITS.passwordCharsMin) return `it has fewer than ${LIMITS.passwordCharsMin} characters`;
  if (length > LIMITS.passwordCharsMax) return `it has more than ${LIMITS.passwordCharsMax} characters`;
  if (new Set(password).size < 4) return "it repeats a few characters";
  if (password.toLowerCase() === userName.toLowerCase()) return "it is the name";
  return null;
}

export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** What to store of a password. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await this.#limited(() => derived(password, salt, LOG_N, R, P));
    return ["scrypt", LOG_N, R, P, salt.toString("base64url"), hash.toString("base64url")].join("$");
  }

  /** `stored` is null where there is no such user, or no password yet (PW3). */
  async isRight(password: string, stored: string | null): Promise<boolean> {
    const [, logN, r, p, salt, hash] = (stored ?? NOBODY).split("$");
    const expected = Buffer.from(hash ?? "", "base64url");
    const found = await this.#limited(() =>
      derived(password, Buffer.from(salt ?? "", "base64url"), Number(logN), Number(r), Number(p)),
    );
    return expected.length === found.length && timingSafeEqual(expected, found) && stored !== null;
  }

  /** PW2. */
  async #limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= RUNNING_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw new StepwellError("too_many_attempts", { seconds: 10 });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** The same text however it was typed. */
const derived = (password: string, salt: Buffer, logN: number, r: number, p: number): Promise<Buffer> =>
  derive(password.normalize("NFKC"), salt, HASH_BYTES, {
    N: 2 ** logN,
    r,
    p,
    maxmem: 128 * r * (2 ** logN + p) + SLACK_BYTES,
  });

const NOBODY = ["scrypt", LOG_N, R, P, "A".repeat(22), "A".repeat(43)].join("$");
