/**
 * What `stepwell dev` says while it works: one line per app that synced, per run that started, per attempt that failed
 * and is made again, and per run that ended.
 *
 *   LL1. At most so many lines a second: a terminal is slower than the engine, and nobody reads faster. The rest is
 *        counted, never queued.
 */
import type { Notice } from "../core/batch.ts";
import { safeText } from "./safe-text.ts";
import { statusMark } from "./status-text.ts";
import type { Colors } from "./terminal.ts";
import { clockText, tookText } from "./time-text.ts";

const LINES_PER_SECOND_MAX = 30;
/** Runs whose start is remembered for their duration. */
const STARTS_MAX = 10_000;

export interface Names {
  functionName(functionId: string): string;
  functionCount(appId: string): number;
}

export const functionsText = (count: number): string => (count === 1 ? "1 function" : `${count} functions`);

export class LiveLines {
  readonly #names: Names;
  readonly #colors: Colors;
  readonly #starts = new Map<string, number>();
  #second = 0;
  #lines = 0;
  #left = 0;

  constructor(names: Names, colors: Colors) {
    this.#names = names;
    this.#colors = colors;
  }

  /** The lines to print for a notice: none, one, or one more for what was left out. `problem` says why a run failed. */
  lines(notice: Notice, problem: string | null = null): string[] {
    const line = this.#lineOf(notice, problem);
    return line === null ? [] : this.#limited(line, notice.at);
  }

  /** False when a line of this moment would not be printed: then nobody need look for its `problem`. */
  hasRoom(at: number): boolean {
    return Math.floor(at / 1_000) !== this.#second || this.#lines < LINES_PER_SECOND_MAX;
  }

  #lineOf(notice: Notice, problem: string | null): string | null {
    switch (notice.kind) {
      case "app_synced":
        return this.#line(
          notice,
          "●",
          `app ${this.#colors.bold(safeText(notice.name))} synced, ${this.#countText(notice.id)}`,
        );
      case "run_started":
        this.#remember(notice);
        return this.#runLine(notice, "started", ` ${this.#colors.dim(`by ${safeText(notice.name)}`)}`);
      case "attempt_failed": {
        const what = notice.name === "" ? "failed" : `failed at ${this.#colors.bold(safeText(notice.name))}`;
        return this.#runLine(notice, `${what}, and tries it again`, problem === null ? "" : `: ${safeText(problem)}`);
      }
      case "run_ended":
        return this.#runLine(
          notice,
          `${notice.status}${this.#tookOf(notice)}`,
          problem === null ? "" : `: ${safeText(problem)}`,
        );
      default:
        return null;
    }
  }

  #line(notice: Notice, mark: string, text: string): string {
    return `${this.#colors.dim(clockText(notice.at))} ${mark} ${text}`;
  }

  #runLine(notice: Notice, what: string, more: string): string {
    const name = this.#colors.bold(this.#names.functionName(notice.functionId ?? ""));
    const mark = statusMark(notice.status, this.#colors);
    return this.#line(notice, mark, `${name} ${what}${more}  ${this.#colors.dim(notice.runId ?? "")}`);
  }

  #countText(appId: string): string {
    return functionsText(this.#names.functionCount(appId));
  }

  #remember(notice: Notice): void {
    if (this.#starts.size >= STARTS_MAX) this.#starts.delete(this.#starts.keys().next().value!);
    this.#starts.set(notice.id, notice.at);
  }

  #tookOf(notice: Notice): string {
    const startedAt = this.#starts.get(notice.id);
    this.#starts.delete(notice.id);
    return startedAt === undefined ? "" : ` in ${tookText(notice.at - startedAt)}`;
  }

  #limited(line: string, at: number): string[] {
    const second = Math.floor(at / 1_000);
    const isNewSecond = second !== this.#second;
    const left = this.#left;
    if (isNewSecond) {
      this.#second = second;
      this.#lines = 0;
      this.#left = 0;
    }
    if (this.#lines >= LINES_PER_SECOND_MAX) {
      this.#left++; // LL1
      return [];
    }
    this.#lines++;
    return isNewSecond && left > 0 ? [this.#colors.dim(`         … and ${left} more`), line] : [line];
  }
}
