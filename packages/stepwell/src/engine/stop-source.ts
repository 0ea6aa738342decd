/** A signal to stop, cheaper than the platform's: there is one per call, and nearly none ever fires. */
import type { StopSignal } from "./ports.ts";

export class StopSource implements StopSignal {
  #listeners: Set<() => void> | null = null;
  aborted = false;

  stop(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = this.#listeners;
    this.#listeners = null;
    for (const listener of listeners ?? []) listener();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (this.aborted) return;
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners?.delete(listener);
  }
}
