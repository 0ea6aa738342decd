/** What does not go on, with the reason and where to look: the worst first. Pure. */
import type { App, Fn, Queue, SyncFailure } from "../../api/records.ts";
import { countOf } from "../../words/number.ts";
import type { Tone } from "../../words/status.ts";
import { PAUSE_MODES } from "../functions/pause-words.ts";

export interface StuckThing {
  readonly key: string;
  readonly tone: Tone;
  readonly title: string;
  readonly reason: string;
  readonly since: string | null;
  /** When it goes on by itself, as far as that is known. */
  readonly expectedAt: string | null;
  readonly to: { readonly view: "app" | "function" | "apps" | "queue"; readonly id: string };
}

interface Facts {
  readonly queue: Queue | undefined;
  readonly apps: readonly App[];
  readonly functions: readonly Fn[];
  readonly failures: readonly SyncFailure[];
}

export function stuckThings({ queue, apps, functions, failures }: Facts): StuckThing[] {
  const nameOf = (slug: string) => functions.find((fn) => fn.slug === slug)?.name ?? slug;
  return [
    ...apps.flatMap(unreachable),
    ...failures.map(refused),
    ...(queue === undefined ? [] : busyServer(queue)),
    ...functions.flatMap((fn) => paused(fn, queue)),
    ...(queue === undefined ? [] : blockedLanes(queue, nameOf)),
  ];
}

function unreachable({ name, down }: App): StuckThing[] {
  if (down === null || down === undefined) return [];
  const facts = { key: `down ${name}`, tone: "bad", title: `${name} cannot be reached` } as const;
  const to = { view: "app", id: name } as const;
  return [{ ...facts, reason: down.reason, since: down.since, expectedAt: down.next_probe_at, to }];
}

function refused({ url, app, message, fix, first_at: since }: SyncFailure): StuckThing {
  const title = `${app ?? url} could not be synced`;
  const to = { view: "apps", id: "" } as const;
  return { key: `sync ${url}`, tone: "bad", title, reason: `${message} ${fix}`, since, expectedAt: null, to };
}

function busyServer({ calls, calls_max: max }: Queue): StuckThing[] {
  if (calls < max) return [];
  const reason = `${countOf(calls, "call")} are out, as many as the server makes at once.`;
  const to = { view: "queue", id: "" } as const;
  return [
    { key: "busy", tone: "warn", title: "The server is at its limit", reason, since: null, expectedAt: null, to },
  ];
}

function paused({ slug, name, paused: mode }: Fn, queue: Queue | undefined): StuckThing[] {
  if (mode === null) return [];
  const waiting = queue?.functions.find((one) => one.function_slug === slug);
  const count = waiting === undefined ? 0 : waiting.waiting_starts + waiting.waiting_calls;
  const text = PAUSE_MODES.find((one) => one.mode === mode)?.text ?? "";
  const reason = `${text}${count === 0 ? "" : ` ${countOf(count, "job")} wait.`}`;
  const to = { view: "function", id: slug } as const;
  return [
    { key: `paused ${slug}`, tone: "warn", title: `${name} is paused`, reason, since: null, expectedAt: null, to },
  ];
}

function blockedLanes({ lanes }: Queue, nameOf: (slug: string) => string): StuckThing[] {
  return lanes.flatMap((lane): StuckThing[] => {
    const { gate, jobs, key, function_slug: slug } = lane;
    if (gate === undefined || gate.kind === "pause") return [];
    const places =
      gate.limit === null || gate.holder_count === 0 ? "" : `; ${gate.holder_count} of ${gate.limit} places are taken`;
    return [
      {
        key: `lane ${slug} ${key} ${lane.phase}`,
        tone: "wait",
        title: `${countOf(jobs, "job")} of ${nameOf(slug)}${key === "" ? "" : ` (${key})`} wait`,
        reason: `Waits at the limit: ${gate.rule}${places}.`,
        since: lane.waiting_since,
        expectedAt: lane.expected_at ?? null,
        to: { view: "function", id: slug },
      },
    ];
  });
}
