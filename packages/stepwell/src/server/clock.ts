/** The system's clock, as the engine's port asks for it. */
import type { Clock } from "../engine/ports.ts";

/** The longest delay of a system timer. A later instant is reached in several legs. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  // After the events of this round of input: whatever arrived together is applied and stored together.
  defer(task) {
    setImmediate(task);
  },
  at(instant, task) {
    let timer: NodeJS.Timeout;
    const arm = () => {
      const delayMs = instant - Date.now();
      timer = setTimeout(() => (Date.now() >= instant ? task() : arm()), Math.min(Math.max(delayMs, 0), TIMER_MS_MAX));
    };
    arm();
    return () => clearTimeout(timer);
  },
};
