/**
 * When things were received and made, as their order: stamps never go back, also where the machine's clock was set back between
 * two lives of the server. (While one lasts, the engine's clock does not step back: engine.ts, EN5.) So what came after a run
 * was made is found by its stamp, whatever the clock did.
 *
 *   SP1. A stamp is the time, but while the clock stands before the last stamp that is stored. Then stamps go on from that one, by a
 *        millisecond at most for each that passes: the clock catches up with them.
 */
import type { Instant } from "./instant.ts";

export class Stamps {
  #last: Instant;
  #lookedAt: Instant = Number.NEGATIVE_INFINITY;

  /** `last`: the last stamp of earlier lives. */
  constructor(last: Instant) {
    this.#last = last;
  }

  at(now: Instant): Instant {
    if (now >= this.#last) this.#last = now;
    else if (now > this.#lookedAt) this.#last++; // SP1
    this.#lookedAt = now;
    return this.#last;
  }
}
