/** One row: what it is, its bar, how long it took. */
import {
  Bot,
  Globe,
  Hourglass,
  type LucideIcon,
  Moon,
  Play,
  Radio,
  SquareFunction,
  SquareTerminal,
} from "lucide-react";
import { memo } from "react";
import type { Span } from "../../api/records.ts";
import { isOpen, lookOf } from "../../words/status.ts";
import { durationText } from "../../words/time.ts";
import type { TimeScale } from "../../words/time-scale.ts";
import { type Stretch, stretchesOf, type TraceRow } from "./rows.ts";

const ICONS: Readonly<Record<Span["kind"], LucideIcon>> = {
  RUN: SquareFunction,
  STEP: SquareTerminal,
  SLEEP: Moon,
  WAIT_FOR_EVENT: Hourglass,
  WAIT_FOR_SIGNAL: Radio,
  INVOKE: Play,
  FETCH: Globe,
  AI: Bot,
};

interface RowProps {
  readonly row: TraceRow;
  readonly scale: TimeScale;
  readonly now: number;
}

export const WaterfallRow = memo(function WaterfallRow({ row: { span }, scale, now }: RowProps) {
  const { word, tone } = lookOf(span.status);
  const Icon = ICONS[span.kind];
  const endedAt = span.endedAt === null ? now : Date.parse(span.endedAt);
  const startedAt = Date.parse(span.startedAt ?? span.queuedAt);
  const failed = span.failedAttempts.length;
  return (
    <>
      <span className="waterfall-label">
        <span className={`waterfall-icon tone-${tone}`}>
          <Icon size={14} aria-hidden />
        </span>
        <span className="cut" title={span.name}>
          {span.name}
        </span>
        <span className="unseen">{`, ${word}`}</span>
        {failed > 0 && <span className="badge tone-bad" data-bare="">{`${failed} failed`}</span>}
      </span>
      <svg className="waterfall-bar" aria-hidden>
        {scale.folds.map(({ left, right }) => (
          <rect
            key={left}
            className="fold"
            x={`${left * 100}%`}
            width={`${(right - left) * 100}%`}
            y="0"
            height="100%"
          />
        ))}
        {stretchesOf(span, now).map((stretch) => (
          <Bar key={`${stretch.kind} ${stretch.from}`} stretch={stretch} scale={scale} isRun={span.kind === "RUN"} />
        ))}
      </svg>
      <span className="waterfall-took number">
        {span.endedAt === null && !isOpen(span.status) ? "–" : durationText(endedAt - startedAt)}
      </span>
    </>
  );
});

interface BarProps {
  readonly stretch: Stretch;
  readonly scale: TimeScale;
  readonly isRun: boolean;
}

/** Heights by what it is: waiting is thin, work is thick. */
const SHAPES = {
  queued: { y: "46%", height: "8%" },
  rest: { y: "34%", height: "32%" },
  attempt: { y: "22%", height: "56%" },
  work: { y: "22%", height: "56%" },
  run: { y: "38%", height: "24%" },
} as const;

function Bar({ stretch, scale, isRun }: BarProps) {
  const left = scale.position(stretch.from) * 100;
  const width = Math.max(scale.position(stretch.until) * 100 - left, 0);
  if (stretch.kind === "queued" && width < 0.05) return null;
  const { y, height } = SHAPES[isRun && stretch.kind === "work" ? "run" : stretch.kind];
  return (
    <rect
      className={`bar-${stretch.kind} tone-${stretch.tone}`}
      style={{ x: `min(${left}%, 100% - 3px)`, width: `max(3px, ${width}%)` }}
      y={y}
      height={height}
      rx="2"
    >
      <title>{`${stretch.title}: ${durationText(stretch.until - stretch.from)}`}</title>
    </rect>
  );
}
