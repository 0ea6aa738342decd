/**
 * The last entries of the feed, for clients that come back: numbered texts, as they were sent.
 *
 *   FH1. Bounded in bytes; the oldest go first.
 *   FH2. An id names the process too: who comes back to another one is told that nobody knows what it missed.
 */
const BYTES_MAX = 4 * 1024 * 1024;

export interface Told {
  readonly number: number;
  readonly runId: string | null;
  readonly text: string;
}

/** What a client missed: the entries, or how many are lost; null when nobody knows. */
export type Missed = { readonly entries: readonly Told[] } | { readonly lost: number | null };

export class FeedHistory {
  readonly #epoch: string;
  #entries: Told[] = [];
  #bytes = 0;
  #last = 0;

  /** `epoch` differs between processes. */
  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** Numbers an entry and keeps it. `textOf` gets its id. */
  add(runId: string | null, textOf: (id: string) => string): Told {
    const number = ++this.#last;
    const told = { number, runId, text: textOf(`${this.#epoch}-${number}`) };
    this.#entries.push(told);
    this.#bytes += told.text.length;
    return told;
  }

  /** FH1. Called once per window. */
  trim(): void {
    let count = 0;
    while (this.#bytes > BYTES_MAX) this.#bytes -= this.#entries[count++]!.text.length;
    if (count > 0) this.#entries = this.#entries.slice(count);
  }

  /** Counts what was not told to anybody, and forgets what was. */
  skip(count: number): void {
    this.#last += count;
    this.#entries = [];
    this.#bytes = 0;
  }

  since(lastId: string): Missed {
    const [epoch, text = ""] = lastId.split("-", 2);
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(text)) return { lost: null }; // FH2
    const number = Number(text);
    const first = this.#entries[0]?.number ?? this.#last + 1;
    if (number > this.#last) return { lost: null };
    if (number < first - 1) return { lost: first - 1 - number };
    return { entries: this.#entries.slice(number - first + 1) };
  }
}
