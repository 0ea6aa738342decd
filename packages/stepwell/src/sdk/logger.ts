/** Logging: the logger a user brings, and the one a handler gets, which is quiet while earlier steps are replayed. */

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

/** Passes lines on only while `isQuiet` says no. */
export function quietLogger(logger: Logger, isQuiet: () => boolean): Logger {
  const pass =
    (level: keyof Logger) =>
    (...args: unknown[]) => {
      if (!isQuiet()) logger[level](...args);
    };
  return { debug: pass("debug"), info: pass("info"), warn: pass("warn"), error: pass("error") };
}
