/** What an action that starts a run answers, or throws. */

import type { StartAnswer } from "../../core/command.ts";
import { StepwellError } from "../../protocol/errors.ts";

export interface Started {
  readonly runId: string;
  /** False: there was a run for this idempotency key. */
  readonly isNew: boolean;
  readonly eventId: string | null;
}

export function startedOf(answer: StartAnswer): Started {
  switch (answer.kind) {
    case "started":
      return { runId: answer.runId, isNew: true, eventId: answer.eventId };
    case "existing":
      return { runId: answer.runId, isNew: false, eventId: null };
    case "refused":
      throw new StepwellError(answer.code, answer.details);
  }
}
