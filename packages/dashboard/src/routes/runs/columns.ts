/** The columns of the runs list that people may show or hide, remembered by the browser. */
import { useCallback, useState } from "react";

export const COLUMNS = {
  origin: { label: "Started by", width: "9rem" },
  id: { label: "Run", width: "5.5rem" },
  queued: { label: "Queued", width: "5.5rem" },
  waited: { label: "Waited", width: "4.5rem" },
  took: { label: "Took", width: "5rem" },
  ended: { label: "Ended", width: "5.5rem" },
} as const;

export type Column = keyof typeof COLUMNS;

const ALL = Object.keys(COLUMNS) as Column[];
const DEFAULT: readonly Column[] = ["origin", "id", "queued", "waited", "took"];
const KEY = "stepwell.runs.columns";

export function readColumns(text: string | null): readonly Column[] {
  if (text === null) return DEFAULT;
  const names = new Set(text.split(","));
  return ALL.filter((column) => names.has(column));
}

/** The shown ones, and showing or hiding one. */
export function useColumns(): readonly [readonly Column[], (column: Column) => void] {
  const [shown, setShown] = useState(() => readColumns(localStorage.getItem(KEY)));
  const toggle = useCallback((column: Column) => {
    setShown((now) => {
      const next = ALL.filter((one) => (one === column ? !now.includes(one) : now.includes(one)));
      localStorage.setItem(KEY, next.join(","));
      return next;
    });
  }, []);
  return [shown, toggle];
}

/** As the grid of the list has them: selection, status and function come first. */
export function gridOf(shown: readonly Column[]): string {
  return ["1.6rem", "8.2rem", "minmax(0, 1fr)", ...shown.map((column) => COLUMNS[column].width)].join(" ");
}
