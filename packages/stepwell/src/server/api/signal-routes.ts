/** `/v1/signals`: a signal resumes the one run that waits for it. */
import { z } from "zod";
import { parseDuration } from "../../protocol/duration.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { refuseLargeSignal, signalProblem } from "../../protocol/read-events.ts";
import { jsonTextOf } from "./json-text.ts";
import { route } from "./route.ts";
import { anyJson, id } from "./schemas.ts";

export const SIGNAL_ROUTES = [
  route({
    method: "POST",
    path: "/v1/signals",
    operationId: "sendSignal",
    summary: "Send a signal to the run that waits for it",
    tag: "Signals",
    scope: "operate",
    isForApps: true,
    audit: "people",
    family: "v1",
    body: z.object({
      signal: z.string().meta({ maxLength: LIMITS.signalCharsMax }),
      data: anyJson.optional(),
      ttl: z
        .union([z.string(), z.number()])
        .nullish()
        .meta({ description: "Ours. How long it is kept when nobody waits yet: `1h`, or milliseconds." }),
    }),
    replies: {
      200: { description: "The run that goes on.", schema: z.object({ run_id: id }) },
      202: {
        description: "Nobody waits yet; the signal is kept for the first that will.",
        schema: z.object({ run_id: z.null(), is_buffered: z.literal(true) }),
      },
    },
    errors: ["signal_unknown", "signal_too_large"],
    async handler({ body }, { engine }) {
      const { signal } = body;
      const problem = signalProblem(signal);
      if (problem !== null) throw new StepwellError("body_invalid", { reason: `signal: ${problem}` });
      const data = jsonTextOf(body.data ?? null, "data");
      refuseLargeSignal(signal, data);
      const answer = await engine.sendSignal({ signal, data, ttlMs: ttlOf(body.ttl ?? null) });
      if (answer.runId !== null) return { data: { run_id: answer.runId } };
      if (!answer.isBuffered) throw new StepwellError("signal_unknown", { signal });
      return { status: 202, data: { run_id: null, is_buffered: true } };
    },
  }),
];

function ttlOf(ttl: string | number | null): number | null {
  if (ttl === null) return null;
  const ttlMs = typeof ttl === "number" ? ttl : parseDuration(ttl);
  if (ttlMs !== null && Number.isInteger(ttlMs) && ttlMs >= 0 && ttlMs <= LIMITS.signalTtlMsMax) return ttlMs;
  throw new StepwellError("body_invalid", { reason: `ttl must be a duration up to ${LIMITS.signalTtlMsMax} ms` });
}
