/** Which rows are selected, and selecting a stretch of them at once. */
import { useCallback, useRef, useState } from "react";

export interface Selection {
  readonly ids: ReadonlySet<string>;
  toggle(id: string, isRange: boolean, order: readonly string[]): void;
  clear(): void;
}

export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const lastId = useRef<string | null>(null);
  const toggle = useCallback((id: string, isRange: boolean, order: readonly string[]) => {
    const from = lastId.current;
    lastId.current = id;
    setIds((now) => toggled(now, isRange && from !== null ? stretch(order, from, id) : [id], !now.has(id)));
  }, []);
  const clear = useCallback(() => {
    lastId.current = null;
    setIds(new Set());
  }, []);
  return { ids, toggle, clear };
}

export function toggled(ids: ReadonlySet<string>, which: readonly string[], isOn: boolean): ReadonlySet<string> {
  const next = new Set(ids);
  for (const id of which) {
    if (isOn) next.add(id);
    else next.delete(id);
  }
  return next;
}

/** From one to the other, both included, whichever is first. */
export function stretch(order: readonly string[], from: string, to: string): string[] {
  const ends = [order.indexOf(from), order.indexOf(to)];
  if (ends.includes(-1)) return [to];
  return order.slice(Math.min(...ends), Math.max(...ends) + 1);
}
