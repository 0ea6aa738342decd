/** Logging: the logger a user brings, and the one a handler gets, which is quiet while earlier steps are replayed. */
import type { LogLevel } from "../protocol/log-lines.ts";

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

/** Is told of each line that a handler logs. It must not throw. */
export type LineRecorder = (level: LogLevel, args: readonly unknown[]) => void;

/** Passes lines on only while `isQuiet` says no; those are told to `record` as well. */
export function quietLogger(logger: Logger, isQuiet: () => boolean, record: LineRecorder | null = null): Logger {
  const pass =
    (level: LogLevel) =>
    (...args: unknown[]) => {
      if (isQuiet()) return;
      record?.(level, args);
      logger[level](...args);
    };
  return { debug: pass("debug"), info: pass("info"), warn: pass("warn"), error: pass("error") };
}
