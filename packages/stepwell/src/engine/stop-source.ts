/** A signal to stop, cheaper than the platform's: there is one per call, it has one listener, and nearly none ever fires. */
import type { StopSignal } from "./ports.ts";

export class StopSource implements StopSignal {
  #listener: (() => void) | null = null;
  /** Whoever else listens. */
  #more: Set<() => void> | null = null;
  aborted = false;

  stop(): void {
    if (this.aborted) return;
    this.aborted = true;
    const [listener, more] = [this.#listener, this.#more];
    this.#listener = null;
    this.#more = null;
    listener?.();
    for (const other of more ?? []) other();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (this.aborted || this.#listener === listener) return;
    if (this.#listener === null && this.#more === null) {
      this.#listener = listener;
      return;
    }
    this.#more ??= new Set();
    this.#more.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    if (this.#listener === listener) this.#listener = null;
    else this.#more?.delete(listener);
  }
}
