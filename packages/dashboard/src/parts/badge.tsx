/** A status as a word with a sign and a tone: never by its colour alone. */
import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleX,
  Clock,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  Moon,
  Play,
  RotateCw,
  SkipForward,
} from "lucide-react";
import type { ReactNode } from "react";
import { lookOf, type SpanStatus, type Tone } from "../words/status.ts";

const ICONS: Readonly<Record<SpanStatus, LucideIcon>> = {
  QUEUED: CircleDashed,
  RUNNING: LoaderCircle,
  COMPLETED: CircleCheck,
  FAILED: CircleX,
  CANCELLED: Ban,
  SKIPPED: SkipForward,
  SLEEPING: Moon,
  WAITING: Hourglass,
  INVOKING: Play,
  ERRORED: RotateCw,
  TIMED_OUT: Clock,
};

export function StatusBadge({ status }: { readonly status: SpanStatus }) {
  const { word, tone } = lookOf(status);
  const Icon = ICONS[status];
  return (
    <span className={`badge tone-${tone}`} data-tone-live={status === "RUNNING" ? "" : undefined}>
      <Icon size={13} strokeWidth={2.4} aria-hidden />
      {word}
    </span>
  );
}

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={`badge tone-${tone}`} data-bare="">
      {children}
    </span>
  );
}

export function Note({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <div className={`note tone-${tone}`}>
      <CircleAlert size={16} aria-hidden />
      <div>{children}</div>
    </div>
  );
}
