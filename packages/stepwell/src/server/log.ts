/**
 * The server's log: JSON lines for machines, short lines for people.
 *
 *   LG1. What is secret is not logged: no keys, signatures, authorization headers or event payloads. Callers pass ids,
 *        names and counts; keys of details that sound secret are blanked all the same.
 */
import { type Level, pino } from "pino";
import type { EngineLog } from "../engine/ports.ts";

/** JSON lines for machines, or short lines for people. */
export type LogFormat = "json" | "human";

/** Where a server tells what it does. */
export interface ServerLog extends EngineLog {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** How a log is written. */
export interface LogOptions {
  readonly format: LogFormat;
  /** The least severe level that is written; `info` by default. */
  readonly level?: Level | "silent";
  /** Where lines go; the standard output when left out. */
  readonly write?: (line: string) => void;
}

type Details = Readonly<Record<string, unknown>>;

const SECRET = /key|signature|authorization|secret|token|password|payload/i;

/**
 * A log that writes lines. Details whose names sound secret are blanked.
 *
 * @example
 * ```ts
 * import { createLog } from "stepwell/server";
 * const log = createLog({ format: "human", level: "warn" });
 * log.warn("nearly full", { percent: 93 });
 * ```
 */
export function createLog(options: LogOptions): ServerLog {
  const write = options.write ?? ((line: string) => void process.stdout.write(line));
  const level = options.level ?? "info";
  return options.format === "json" ? jsonLog(write, level) : humanLog(write, level);
}

function jsonLog(write: (line: string) => void, level: Level | "silent"): ServerLog {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write });
  return {
    debug: (message, details = {}) => logger.debug(withoutSecrets(details), message),
    info: (message, details = {}) => logger.info(withoutSecrets(details), message),
    warn: (message, details = {}) => logger.warn(withoutSecrets(details), message),
    error: (message, details = {}) => logger.error(withoutSecrets(details), message),
  };
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

function humanLog(write: (line: string) => void, level: Level | "silent"): ServerLog {
  const lowest = level === "silent" ? LEVELS.length : Math.max(LEVELS.indexOf(level as "info"), 0);
  const line = (name: (typeof LEVELS)[number]) => (message: string, details?: Details) => {
    if (LEVELS.indexOf(name) < lowest) return;
    const time = new Date().toTimeString().slice(0, 8);
    const label = name === "info" ? "" : `${name}: `;
    write(`${time} ${label}${message}${details === undefined ? "" : detailsText(withoutSecrets(details))}\n`);
  };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

function detailsText(details: Details): string {
  return Object.entries(details)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
}

function withoutSecrets(details: Details): Details {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, SECRET.test(name) ? "[hidden]" : value]),
  );
}
