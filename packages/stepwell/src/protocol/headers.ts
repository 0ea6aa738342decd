/** Header and query names of the wire, in lower case. */
export const HEADERS = {
  signature: "x-inngest-signature",
  sdk: "x-inngest-sdk",
  framework: "x-inngest-framework",
  platform: "x-inngest-platform",
  env: "x-inngest-env",
  serverKind: "x-inngest-server-kind",
  expectedServerKind: "x-inngest-expected-server-kind",
  requestVersion: "x-inngest-req-version",
  noRetry: "x-inngest-no-retry",
  retryAfter: "retry-after",
  syncKind: "x-inngest-sync-kind",
  runId: "x-run-id",
  traceparent: "traceparent",
  requestId: "x-request-id",
  generation: "x-inngest-generation-id",
  jobId: "x-inngest-job-id",
  stepId: "x-inngest-step-id",
  /** On calls of endpoints, which have no body of ours: steps are to be reported, not executed. */
  forceStepPlan: "x-inngest-force-step-plan",
  eventIdSeed: "x-inngest-event-id-seed",
  /** Ours, on calls: what this server can do beyond the protocol (`FEATURES`), comma-separated. */
  features: "x-stepwell-features",
  /** Ours, on replies: stored steps that the code no longer reaches, URI-encoded and comma-separated. */
  unreached: "x-stepwell-unreached",
  /** Ours, on replies: the last lines that the handler logged (log-lines.ts). */
  logs: "x-stepwell-logs",
} as const;

/**
 * Names in the features header: `sends`: a step's result carries the events and signals it sends; `logs`: the server
 * takes the lines that handlers log.
 */
export const FEATURES = { sends: "sends", logs: "logs" } as const;

export const QUERY = { functionSlug: "fnId", stepId: "stepId", deployId: "deployId", probe: "probe" } as const;

/** The `stepId` of a call that targets no step. */
export const UNTARGETED = "step";

/** Headers of one connection alone, in lower case: whoever passes a message on leaves them out (RFC 9110 §7.6.1). */
export const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
