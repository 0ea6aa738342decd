/** Whether the screen is as narrow as a phone's. The same width stands in the styles. */
import { useSyncExternalStore } from "react";

const NARROW = matchMedia("(max-width: 47.99rem)");

export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      NARROW.addEventListener("change", changed);
      return () => NARROW.removeEventListener("change", changed);
    },
    () => NARROW.matches,
  );
}
