/** The filters of the logs, as the address holds them. */
export interface LogSearch {
  readonly text?: string | undefined;
  readonly level?: string | undefined;
  readonly function?: string | undefined;
  readonly since?: string | undefined;
}

export const LEVELS = ["debug", "info", "warn", "error"] as const;

const KEYS = ["text", "level", "function", "since"] as const;

export function readLogSearch(search: Record<string, unknown>): LogSearch {
  return Object.fromEntries(
    KEYS.flatMap((key) => {
      const value = search[key];
      return typeof value === "string" && value !== "" ? [[key, value.slice(0, 256)]] : [];
    }),
  );
}
