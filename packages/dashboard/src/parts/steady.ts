/**
 * A place whose content comes and goes while somebody looks: it grows with it and does not shrink, so that what stands below
 * stays where it is. It begins anew when `key` changes.
 */
import { type RefObject, useLayoutEffect, useRef } from "react";

export function useSteadyHeight<Place extends HTMLElement>(key: unknown = null): RefObject<Place | null> {
  const place = useRef<Place>(null);
  const held = useRef<{ readonly key: unknown; readonly width: number } | null>(null);
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const { offsetWidth: width } = element;
    // Another width wraps its texts otherwise: what was high there says nothing here.
    const isSame = held.current !== null && held.current.key === key && held.current.width === width;
    if (!isSame) element.style.minHeight = "";
    held.current = { key, width };
    element.style.minHeight = `${element.offsetHeight}px`;
  });
  return place;
}
