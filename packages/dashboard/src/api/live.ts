/** Keeps a view fresh: looks again when the feed says that something it shows has changed. */
import { useEffect, useRef } from "react";
import { coalesce } from "./coalesce.ts";
import { listen, type Notice, useFeedState } from "./feed.ts";

const GAP_MS = 250;
/** Without a feed, views are refreshed at this pace. */
const POLL_MS = 5_000;

/** `concerns` says whether a notice is about what the view shows; `look` fetches it again. */
export function useLive(
  concerns: (notice: Notice) => boolean,
  look: () => Promise<unknown> | undefined,
  gapMs = GAP_MS,
): void {
  const latest = useRef({ concerns, look });
  useEffect(() => {
    latest.current = { concerns, look };
  });
  const isLost = useFeedState() === "lost";
  useEffect(() => {
    let isStale = false;
    const again = coalesce(() => latest.current.look(), gapMs);
    const stopListening = listen((notice) => {
      if (notice !== "missed" && !latest.current.concerns(notice)) return;
      if (document.hidden)
        isStale = true; // A page that nobody sees asks for nothing.
      else again();
    });
    const seen = () => {
      if (document.hidden || !isStale) return;
      isStale = false;
      again();
    };
    document.addEventListener("visibilitychange", seen);
    const poll = isLost ? setInterval(again, POLL_MS) : undefined;
    return () => {
      stopListening();
      again.stop();
      clearInterval(poll);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [isLost, gapMs]);
}
