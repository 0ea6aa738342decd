/** Which of the sleeping and waiting steps are listed, as the address holds it. */
import type { WaitingFilter, WaitingKind } from "../../api/waits.ts";

export const WAITING_KINDS = {
  sleep: { label: "Sleeps" },
  event: { label: "Events" },
  signal: { label: "Signals" },
  run: { label: "Runs" },
} as const satisfies Readonly<Record<WaitingKind, { readonly label: string }>>;

const isKind = (value: unknown): value is WaitingKind =>
  typeof value === "string" && Object.hasOwn(WAITING_KINDS, value);

export function readWaitingSearch(search: Record<string, unknown>): WaitingFilter {
  const { kind, function: fn } = search;
  return {
    ...(isKind(kind) ? { kind } : {}),
    ...(typeof fn === "string" && fn !== "" ? { function: fn.slice(0, 256) } : {}),
  };
}
