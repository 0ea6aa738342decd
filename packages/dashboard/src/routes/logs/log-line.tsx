/** One line that a handler logged. Levels have a word and a tone. */
import { Link } from "@tanstack/react-router";
import type { LogLevel } from "../../api/logs.ts";
import type { LogLine } from "../../api/records.ts";
import type { Tone } from "../../words/status.ts";
import { secondText } from "../../words/time.ts";

const TONES: Readonly<Record<LogLevel, Tone>> = { debug: "calm", info: "busy", warn: "warn", error: "bad" };

interface LogLineProps {
  readonly line: LogLine;
  /** Absent: it stands on the page of its run. */
  readonly functionName?: string;
  readonly onOpen?: () => void;
}

export function LogLineView({ line, functionName, onOpen }: LogLineProps) {
  const { level, at, message, attempt, step_name: step, run_id: id } = line;
  const origin = `${step ?? "function"}${attempt > 0 ? `, attempt ${attempt + 1}` : ""}`;
  return (
    <div className="log-line" data-wide={functionName === undefined ? undefined : ""}>
      <time dateTime={at} className="number soft">
        {secondText(Date.parse(at))}
      </time>
      <span className={`log-level tone-${TONES[level]}`}>{level}</span>
      {functionName !== undefined && (
        <Link to="/runs/$id" params={{ id }} className="cut log-function" title={`Run ${id}`}>
          {functionName}
        </Link>
      )}
      <span className="cut soft log-origin" title={origin}>
        {origin}
      </span>
      {onOpen === undefined ? (
        <span className="log-message">{message}</span>
      ) : (
        <button type="button" className="log-message cut" onClick={onOpen} title="Show the whole line">
          {message}
        </button>
      )}
    </div>
  );
}
