/** Attempts that failed, each with its error. */
import type { Span } from "../../api/records.ts";
import { ErrorBlock } from "../../parts/error-view.tsx";
import { Exact } from "../../parts/time-text.tsx";
import { durationText } from "../../words/time.ts";

interface FailedAttemptsProps {
  readonly attempts: Span["failedAttempts"];
  readonly title?: string;
}

export function FailedAttempts({ attempts, title = "Failed attempts" }: FailedAttemptsProps) {
  if (attempts.length === 0) return null;
  return (
    <section className="block">
      <h3>{`${title} (${attempts.length})`}</h3>
      {attempts.map(({ attempt, startedAt, durationMs, httpStatus, error }) => (
        <details key={`${attempt} ${startedAt}`} className="attempt">
          <summary>
            {`Attempt ${attempt + 1}`}
            <span className="soft small">
              {` after ${durationText(Number(durationMs))}${httpStatus === null ? "" : `, HTTP ${httpStatus}`}`}
            </span>
          </summary>
          <div className="stack">
            <p className="soft small">
              <Exact at={startedAt} />
            </p>
            <ErrorBlock error={error} />
          </div>
        </details>
      ))}
    </section>
  );
}
