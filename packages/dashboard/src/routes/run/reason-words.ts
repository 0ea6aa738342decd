/** The codes of explanations in a few words each, and what of a reason is worth saying beside them. Pure. */
import type { Reason } from "../../api/records.ts";
import type { Tone } from "../../words/status.ts";
import { clockText } from "../../words/time.ts";

interface Words {
  readonly title: string;
  readonly tone: Tone;
}

const WORDS: Readonly<Record<string, Words>> = {
  quarantined: { title: "Left alone: something in it is broken", tone: "bad" },
  stuck: { title: "Stuck: something in it is broken", tone: "bad" },
  paused: { title: "Paused", tone: "warn" },
  function_removed: { title: "Its function is not served any more", tone: "bad" },
  scheduled: { title: "Starts later", tone: "wait" },
  gathering: { title: "Gathers events", tone: "wait" },
  throttled: { title: "Throttled", tone: "wait" },
  concurrency: { title: "Waits for a place", tone: "wait" },
  run_concurrency: { title: "Waits for another run", tone: "wait" },
  app_busy: { title: "Its app is busy", tone: "warn" },
  app_unreachable: { title: "Its app cannot be reached", tone: "bad" },
  server_busy: { title: "The server is busy", tone: "warn" },
  held: { title: "Held by the pause", tone: "warn" },
  queued: { title: "Others go first", tone: "wait" },
  backlog: { title: "In a deep backlog", tone: "wait" },
  due: { title: "Goes on now", tone: "busy" },
  executing: { title: "Executing", tone: "busy" },
  requesting: { title: "The server makes its request", tone: "busy" },
  leased: { title: "Executing in a request of its own", tone: "busy" },
  retrying: { title: "Tries again", tone: "warn" },
  sleeping: { title: "Sleeping", tone: "wait" },
  waiting_for_event: { title: "Waits for an event", tone: "wait" },
  waiting_for_signal: { title: "Waits for a signal", tone: "wait" },
  waiting_for_run: { title: "Waits for a run", tone: "wait" },
};

/** The server writes times for programs too. */
const INSTANT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

export const reasonTitle = (code: string): string => WORDS[code]?.title ?? code.replaceAll("_", " ");
export const reasonTone = (code: string): Tone => WORDS[code]?.tone ?? "wait";

/** When it goes on by itself. */
export function expectedAt({ until, lane, gate }: Reason): string | null {
  return until ?? lane?.expected_at ?? gate?.down?.next_probe_at ?? null;
}

export const plainTimes = (text: string): string =>
  text.replace(INSTANT, (instant) => clockText(Date.parse(instant), Date.now()));

/** The server's sentence without what is shown beside it: who holds the places. */
export function plainSentence({ sentence, gate, code }: Reason): string {
  if (gate === undefined || !["concurrency", "run_concurrency"].includes(code)) return plainTimes(sentence);
  return `The limit: ${gate.rule}.`;
}
