/**
 * Follows a run to its end and prints each step as it completes.
 *
 *   F1. A step is printed once. A server that is away for a moment is asked again until the deadline.
 */
import * as screen from "./screen.ts";
import { isOver, oneRun, type RunView, runSteps, type StepView } from "./server-api.ts";

const POLL_MS = 40;
const REQUEST_FAILURES_MS_MAX = 30_000;

export interface Following {
  /** Where the server is now. */
  readonly serverUrl: () => string;
  readonly runId: string;
  readonly deadlineMs: number;
  readonly stepDone?: (step: StepView, count: number) => void;
}

/** Resolves with the run once it has ended; throws when it has not by the deadline. */
export async function follow({ serverUrl, runId, deadlineMs, stepDone }: Following): Promise<RunView> {
  const deadline = Date.now() + deadlineMs;
  const printed = new Set<string>();
  for (;;) {
    const run = await patiently(() => oneRun(serverUrl(), runId), deadline);
    const steps = await patiently(() => runSteps(serverUrl(), runId), deadline);
    for (const step of steps) {
      if (step.ended_at === null || printed.has(step.id)) continue; // F1
      printed.add(step.id);
      screen.step(step, Date.parse(run.queued_at));
      stepDone?.(step, printed.size);
    }
    if (isOver(run)) return run;
    if (Date.now() > deadline) throw new Error(unfinished(runId, deadlineMs, steps));
    await pause(POLL_MS);
  }
}

/** Asks until there is an answer: a server that was killed is on its way back. */
export async function patiently<Answer>(ask: () => Promise<Answer>, deadline: number): Promise<Answer> {
  const giveUpAt = Math.min(deadline, Date.now() + REQUEST_FAILURES_MS_MAX);
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      await pause(POLL_MS);
    }
  }
}

function unfinished(runId: string, deadlineMs: number, steps: readonly StepView[]): string {
  const lines = steps.map((step) => {
    const reason = step.failed_attempts.at(-1)?.error.message;
    return `${step.name}: ${step.status}${reason === undefined ? "" : ` (${reason})`}`;
  });
  return [`Run ${runId} did not finish within ${deadlineMs / 1_000} s.`, ...lines].join("\n");
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
