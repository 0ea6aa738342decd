/** One timer: at the instant at which the loop has something to do although nothing else happens (E8). */
import type { Instant } from "../core/instant.ts";
import type { Clock } from "./ports.ts";

export class Alarm {
  readonly #clock: Pick<Clock, "at">;
  readonly #ring: () => void;
  #at: Instant | null = null;
  #cancel = () => {};

  constructor(clock: Pick<Clock, "at">, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings then, and at no earlier time that was set before; null: not at all. */
  set(at: Instant | null): void {
    if (at === this.#at) return;
    this.#cancel();
    this.#at = at;
    if (at === null) return;
    this.#cancel = this.#clock.at(at, () => {
      this.#at = null;
      this.#ring();
    });
  }
}
