/**
 * Takes lines to the server while calls go on (protocol/log-lines.ts).
 *
 *   SH1. Lines wait a moment for company; one request is under way at a time. Nothing is tried twice: a server that does
 *        not take lines is left alone for a while, and what it did not take is counted.
 *   SH2. What waits is bounded, over all calls of the process; more is counted.
 *   SH3. When a call ends, what is left of it goes into its reply, or, when that is too much, on its way at once.
 */
import { type CallLines, type LogLine, linesHeader, writeCallLines } from "../protocol/log-lines.ts";
import { callApi } from "./api.ts";
import { type CallRecorder, callRecorder } from "./call-log.ts";
import type { Settings } from "./settings.ts";

const WAIT_MS = 200;
const PAUSE_MS = 30_000;
const REQUEST_MS_MAX = 5_000;
const REQUEST_CHARS_MAX = 512 * 1024;
const WAITING_CHARS_MAX = 8 * 1024 * 1024;
/** Names, times and punctuation of a line, in characters. */
const LINE_CHARS = 150;
/** What a reply carries: proxies do not like long headers. */
const HEADER_CHARS_MAX = 3_500;

/** The lines of a call that have not been sent. */
interface Pending {
  readonly runId: string;
  readonly functionId: string | null;
  readonly attempt: number;
  lines: LogLine[];
  chars: number;
  dropped: number;
}

export interface CallLog {
  readonly record: CallRecorder;
  /** Ends it: the header of the reply, if there is one, and what is still on its way. */
  end(): { readonly header: string | null; readonly sent: Promise<void> | null };
}

const shippers = new WeakMap<Settings, LogShipper>();

/** The one shipper of an endpoint. */
export function shipperOf(settings: Settings): LogShipper {
  const known = shippers.get(settings);
  if (known !== undefined) return known;
  const shipper = new LogShipper(settings);
  shippers.set(settings, shipper);
  return shipper;
}

export class LogShipper {
  readonly #settings: Settings;
  readonly #pending = new Set<Pending>();
  #chars = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #underWay: Promise<void> | null = null;
  #pausedUntil = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  open({ runId, functionId, attempt }: Pick<Pending, "runId" | "functionId" | "attempt">): CallLog {
    const pending: Pending = { runId, functionId, attempt, lines: [], chars: 0, dropped: 0 };
    let isOver = false;
    const record = callRecorder({
      now: Date.now,
      line: (line) => isOver || this.#add(pending, line),
      dropped: () => void pending.dropped++,
    });
    return {
      record,
      end: () => {
        isOver = true; // What a handler does after its call is nobody's.
        return this.#end(pending);
      },
    };
  }

  #add(pending: Pending, line: LogLine): void {
    const chars = line.message.length + LINE_CHARS;
    if (this.#chars + chars > WAITING_CHARS_MAX) {
      pending.dropped++; // SH2
      return;
    }
    pending.lines.push(line);
    pending.chars += chars;
    this.#chars += chars;
    this.#pending.add(pending);
    if (this.#timer !== null || this.#underWay !== null) return;
    const timer: unknown = setTimeout(() => this.#flush(), WAIT_MS);
    this.#timer = timer as ReturnType<typeof setTimeout>;
    (timer as { unref?(): void }).unref?.(); // Nothing stays alive for lines.
  }

  #end(pending: Pending): ReturnType<CallLog["end"]> {
    if (pending.lines.length === 0 && pending.dropped === 0) return { header: null, sent: this.#underWay };
    if (pending.chars <= HEADER_CHARS_MAX) {
      const header = linesHeader(pending);
      if (header.length <= HEADER_CHARS_MAX) {
        this.#take(pending);
        return { header, sent: this.#underWay };
      }
    }
    this.#pending.add(pending);
    return { header: null, sent: this.#all() };
  }

  /** Until nothing waits any more. */
  async #all(): Promise<void> {
    while (this.#pending.size > 0) await (this.#underWay ?? this.#flush());
  }

  #take(pending: Pending): CallLines {
    const { runId, functionId, attempt, lines, dropped } = pending;
    this.#chars -= pending.chars;
    this.#pending.delete(pending);
    pending.lines = [];
    pending.chars = 0;
    pending.dropped = 0;
    return { runId, functionId, attempt, lines, dropped };
  }

  #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const taken: { readonly pending: Pending; readonly lines: CallLines }[] = [];
    let chars = 0;
    for (const pending of this.#pending) {
      if (taken.length > 0 && chars + pending.chars > REQUEST_CHARS_MAX) break;
      chars += pending.chars;
      taken.push({ pending, lines: this.#take(pending) });
    }
    const underWay = this.#send(taken.map(({ lines }) => lines)).then((isTaken) => {
      this.#underWay = null;
      // Counted with what comes next; of a call that is over nothing does.
      if (!isTaken) for (const { pending, lines } of taken) pending.dropped += lines.lines.length + lines.dropped;
      if (this.#pending.size > 0 && this.#timer === null) void this.#flush();
    });
    this.#underWay = underWay;
    return underWay;
  }

  async #send(calls: readonly CallLines[]): Promise<boolean> {
    if (calls.length === 0 || this.#pausedUntil > Date.now()) return false;
    try {
      const body = `{"calls":[${calls.map(writeCallLines).join(",")}]}`;
      const signal = AbortSignal.timeout(REQUEST_MS_MAX);
      const { status } = await callApi(this.#settings, { method: "POST", path: "/v1/logs", body, signal });
      if (status < 300) return true;
    } catch {
      // No answer: the same as a refusal.
    }
    this.#pausedUntil = Date.now() + PAUSE_MS; // SH1
    return false;
  }
}
