/** The filters of the events list, as its address holds them. */
import { PERIODS } from "../runs/run-search.ts";

export interface EventSearch {
  readonly name?: string | undefined;
  /** Part of what an event carries. */
  readonly text?: string | undefined;
  /** One of `PERIODS`. */
  readonly since?: string | undefined;
}

const KEYS = ["name", "text", "since"] as const;

export function readEventSearch(search: Record<string, unknown>): EventSearch {
  return Object.fromEntries(
    KEYS.flatMap((key) => {
      const value = search[key];
      return typeof value === "string" && value !== "" ? [[key, value.slice(0, 256)]] : [];
    }),
  );
}

/** What the server is asked. `now` makes a period a time. */
export function eventFilterOf({ name, text, since }: EventSearch, now: number) {
  const period = since === undefined ? undefined : PERIODS[since];
  const from = period === undefined ? undefined : new Date(now - period.ms).toISOString();
  return { name, text, received_after: from };
}
