/** Something that scrolls by itself: named, and reachable by keyboard. */
import type { ComponentProps } from "react";

interface ScrollRegionProps extends ComponentProps<"section"> {
  readonly label: string;
}

export function ScrollRegion({ label, ...rest }: ScrollRegionProps) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: without a stop here, a keyboard could not scroll it.
  return <section tabIndex={0} aria-label={label} {...rest} />;
}
