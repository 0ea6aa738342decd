/**
 * How often somebody may try to prove who he is.
 *
 *   AT1. An attempt counts from its beginning, so that many at once are as many as one after the other. One that
 *        succeeded is given back, and nothing more: who has an account of his own wins no attempts at others.
 *   AT2. Memory is bounded: who has not tried for longest is forgotten first.
 *   AT3. Attempts at one name from everywhere have a limit too. It is higher, so that a stranger does not lock a user
 *        out easily; sessions and tokens that exist go on anyway.
 */
import { LRUCache } from "lru-cache";
import { StepwellError } from "../../protocol/errors.ts";

const WINDOW_MS = 15 * 60_000;
const PER_ADDRESS_MAX = 10;
const PER_NAME_MAX = 100;
const REMEMBERED_MAX = 10_000;

interface Window {
  count: number;
  readonly endsAt: number;
}

export class Attempts {
  readonly #windows = new LRUCache<string, Window>({ max: REMEMBERED_MAX }); // AT2

  /** Throws `too_many_attempts`; otherwise how to give the attempt back (AT1). */
  begin(address: string, name: string | null, nowMs: number): () => void {
    const windows = [this.#windowOf(`address ${networkOf(address)}`, PER_ADDRESS_MAX, nowMs)];
    if (name !== null) windows.push(this.#windowOf(`name ${name}`, PER_NAME_MAX, nowMs)); // AT3
    for (const window of windows) window.count++;
    return () => {
      for (const window of windows) window.count--;
    };
  }

  #windowOf(key: string, max: number, nowMs: number): Window {
    const known = this.#windows.get(key);
    if (known === undefined || known.endsAt <= nowMs) {
      const window = { count: 0, endsAt: nowMs + WINDOW_MS };
      this.#windows.set(key, window);
      return window;
    }
    if (known.count >= max) {
      throw new StepwellError("too_many_attempts", { seconds: Math.ceil((known.endsAt - nowMs) / 1_000) });
    }
    return known;
  }
}

/** Whoever has one IPv6 address has all of its /64. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = ""] = address.split("::");
  const groups = address.includes("::") ? head.split(":") : address.split(":");
  return [...groups, "0", "0", "0", "0"].slice(0, 4).join(":");
}
