/** Logging: the logger a user brings, and the one a handler gets, which is quiet while earlier steps are replayed. */
import { LOG_LEVELS, type LogLevel } from "../protocol/log-lines.ts";

/** What a logger must offer. `console`, pino and winston fit. */
export interface Logger {
  debug(...args: unknown[]): void;
  info(...args: unknown[]): void;
  warn(...args: unknown[]): void;
  error(...args: unknown[]): void;
}

export const consoleLogger: Logger = {
  debug: (...args) => console.debug(...args),
  info: (...args) => console.info(...args),
  warn: (...args) => console.warn(...args),
  error: (...args) => console.error(...args),
};

/** Decides what becomes of the lines of a call. */
export interface LineWriter {
  log(level: LogLevel, args: readonly unknown[]): void;
}

/** The logger of one call. Its functions work on their own, too: a handler may take them apart. */
export class CallLogger implements Logger {
  declare debug: Logger["debug"];
  declare info: Logger["info"];
  declare warn: Logger["warn"];
  declare error: Logger["error"];

  constructor(writer: LineWriter) {
    for (const level of LOG_LEVELS) this[level] = (...args) => writer.log(level, args);
  }
}
