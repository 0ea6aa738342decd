/** The lines of `logs.ts` in memory. */
import { LIMITS } from "../protocol/limits.ts";
import {
  type AppendedLines,
  countIn,
  firstLineNumber,
  holdsText,
  type LogAppend,
  type LogLineRow,
  type LogPage,
  type LogSearch,
  type LogStore,
  type LogTotals,
  levelNumber,
  lineIdOf,
  lineNumberOf,
  NO_LOGS,
  nextLineNumber,
  type RunLogsQuery,
} from "./logs.ts";

/** What all runs together may keep here: nothing else bounds what a process without a file holds. */
const CHARS_MAX = 8 * LIMITS.logCharsPerRunMax;

export class MemoryLogs implements LogStore {
  /** In the order of their ids. */
  #rows: LogLineRow[] = [];
  readonly #totals = new Map<string, { lines: number; chars: number; dropped: number }>();
  #last = 0;
  #chars = 0;

  async append({ lines, dropped, at }: LogAppend): Promise<AppendedLines[]> {
    const appended = new Map<string, AppendedLines>();
    const note = (runId: string, change: (one: AppendedLines) => AppendedLines) => {
      appended.set(runId, change(appended.get(runId) ?? { runId, lastId: null, stored: 0, dropped: 0 }));
    };
    for (const line of lines) {
      if (!countIn(this.#totalsOf(line.runId), line.message.length)) {
        note(line.runId, (one) => ({ ...one, dropped: one.dropped + 1 }));
        continue;
      }
      this.#last = nextLineNumber(this.#last, at);
      const row = { ...line, id: lineIdOf(this.#last) };
      this.#rows.push(row);
      this.#chars += line.message.length;
      note(line.runId, (one) => ({ ...one, lastId: row.id, stored: one.stored + 1 }));
    }
    for (const { runId, count } of dropped) {
      this.#totalsOf(runId).dropped += count;
      note(runId, (one) => one);
    }
    this.#letGo();
    return [...appended.values()];
  }

  async list({ runId, after, before, order, level, step, attempt, limit }: RunLogsQuery): Promise<LogLineRow[]> {
    const least = level === undefined ? 0 : levelNumber(level);
    const rows = this.#rows.filter((row) => {
      if (row.runId !== runId || levelNumber(row.level) < least) return false;
      if (after !== undefined && lineNumberOf(row.id) <= lineNumberOf(after)) return false;
      if (before !== undefined && lineNumberOf(row.id) >= lineNumberOf(before)) return false;
      return (step === undefined || row.step === step) && (attempt === undefined || row.attempt === attempt);
    });
    return (order === "asc" ? rows : rows.reverse()).slice(0, limit).map((row) => ({ ...row }));
  }

  async search(search: LogSearch): Promise<LogPage> {
    const { env, functionIds, from, until, before, limit, linesMax } = search;
    const text = search.text?.toLowerCase();
    const least = search.level === undefined ? 0 : levelNumber(search.level);
    const inRange = this.#rows.filter((row) => {
      const number = lineNumberOf(row.id);
      if (from !== undefined && number < firstLineNumber(from)) return false;
      if (until !== undefined && number >= firstLineNumber(until)) return false;
      if (before !== undefined && number >= lineNumberOf(before)) return false;
      return functionIds === undefined || functionIds.includes(row.functionId ?? "");
    });
    const found: LogLineRow[] = [];
    let looked = 0;
    for (const row of inRange.reverse()) {
      if (looked === linesMax || found.length === limit) return { lines: found, next: this.#idBefore(inRange, looked) };
      looked++;
      if (row.env === env && levelNumber(row.level) >= least && holdsText(row.message, text)) found.push({ ...row });
    }
    return { lines: found, next: null };
  }

  #idBefore(newestFirst: readonly LogLineRow[], looked: number): string {
    return newestFirst[looked - 1]!.id;
  }

  async totals(runId: string): Promise<LogTotals> {
    return { ...(this.#totals.get(runId) ?? NO_LOGS) };
  }

  /** Retention: everything that is known of these runs, or came in before an instant. Tells how many lines went. */
  prune(goes: (row: LogLineRow) => boolean, runs: Iterable<string> = []): number {
    const before = this.#rows.length;
    this.#rows = this.#rows.filter((row) => !goes(row));
    this.#chars = this.#rows.reduce((sum, row) => sum + row.message.length, 0);
    for (const id of runs) this.#totals.delete(id);
    return before - this.#rows.length;
  }

  #totalsOf(runId: string) {
    const totals = this.#totals.get(runId) ?? { ...NO_LOGS };
    this.#totals.set(runId, totals);
    return totals;
  }

  /** The oldest lines go when there are too many for a memory. */
  #letGo(): void {
    let count = 0;
    while (this.#chars > CHARS_MAX) this.#chars -= this.#rows[count++]!.message.length;
    if (count > 0) this.#rows = this.#rows.slice(count);
  }
}
