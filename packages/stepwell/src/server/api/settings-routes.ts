/** `/v1/settings`: what can be changed while the server runs. */
import { z } from "zod";
import { formatDuration } from "../../protocol/duration.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { parseKeep, parseSize, policyRecord, type RetentionPolicy } from "../retention/policy.ts";
import type { ApiContext } from "./api-engine.ts";
import { route } from "./route.ts";

export const RetentionRecord = z
  .object({
    keep: z.string().meta({ description: "How long a run is kept after its end: `30d`, or `forever`." }),
    max_bytes: z.number().int().nullable().meta({ description: "Above it the runs that ended first go early." }),
    fixed: z
      .array(z.enum(["keep", "max_bytes"]))
      .meta({ description: "What was given when the server was started, and cannot be set here." }),
    used_bytes: z.number().int().nullable().meta({ description: "As it was last looked at." }),
    deleted: z.object({ runs: z.number().int(), events: z.number().int() }).meta({ description: "Since the start." }),
  })
  .meta({ id: "Retention" });

const NAMES = { keepMs: "keep", sizeBytesMax: "max_bytes" } as const satisfies Record<keyof RetentionPolicy, string>;

export const SETTINGS_ROUTES = [
  route({
    method: "GET",
    path: "/v1/settings/retention",
    operationId: "getRetention",
    summary: "How long what has ended is kept",
    tag: "Server",
    scope: "read",
    family: "v1",
    replies: { 200: { description: "The policy that holds.", schema: RetentionRecord } },
    handler: (_input, context) => ({ data: retentionRecord(context) }),
  }),
  route({
    method: "PUT",
    path: "/v1/settings/retention",
    operationId: "setRetention",
    summary: "Set how long what has ended is kept",
    description: "What is left out stays as it is. What was given when the server was started cannot be set.",
    tag: "Server",
    scope: "admin",
    family: "v1",
    body: z.object({
      keep: z.string().optional().meta({ description: "A duration such as `30d`, or `forever`." }),
      max_size: z.string().optional().meta({ description: "`10GB`, `512MiB`, a number of bytes, or `none`." }),
    }),
    replies: { 200: { description: "The policy that holds from now on.", schema: RetentionRecord } },
    errors: ["setting_fixed"],
    async handler({ body }, context) {
      const { retention } = context;
      const changes = {
        ...(body.keep === undefined ? {} : { keepMs: keepOf(body.keep) }),
        ...(body.max_size === undefined ? {} : { sizeBytesMax: sizeOf(body.max_size) }),
      };
      const fixed = retention.fixed.find((name) => Object.hasOwn(changes, name));
      if (fixed !== undefined) throw new StepwellError("setting_fixed", { setting: NAMES[fixed] });
      await retention.set({ ...retention.policy, ...changes });
      return { data: retentionRecord(context) };
    },
  }),
];

function keepOf(text: string): number | null {
  const keepMs = parseKeep(text);
  if (keepMs !== undefined) return keepMs;
  const least = formatDuration(LIMITS.retentionMsMin);
  throw new StepwellError("body_invalid", { reason: `keep must be a duration of at least ${least}, or forever` });
}

function sizeOf(text: string): number | null {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  const least = LIMITS.storeBytesMaxMin / 1024 ** 2;
  throw new StepwellError("body_invalid", { reason: `max_size must be a size of at least ${least} MiB, or none` });
}

function retentionRecord({ retention }: ApiContext) {
  const { deleted, sizeBytes } = retention.stats;
  return {
    ...policyRecord(retention.policy),
    fixed: retention.fixed.map((name) => NAMES[name]),
    used_bytes: sizeBytes,
    deleted: { runs: deleted.runs, events: deleted.events },
  };
}
