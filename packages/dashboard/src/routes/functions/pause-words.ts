/** The words for pausing, once. */
import type { PauseMode } from "../../api/records.ts";

export const PAUSE_MODES: readonly { readonly mode: PauseMode; readonly title: string; readonly text: string }[] = [
  { mode: "hold", title: "Hold", text: "Events wait, and start their runs when it is resumed." },
  { mode: "skip", title: "Skip", text: "Events leave skipped runs behind; nothing is caught up." },
  { mode: "reject", title: "Reject", text: "Events start nothing; each of them says why." },
];

const WORDS: Readonly<Record<PauseMode, string>> = {
  hold: "Paused, holds",
  skip: "Paused, skips",
  reject: "Paused, rejects",
};

export const pauseWord = (mode: PauseMode): string => WORDS[mode];
