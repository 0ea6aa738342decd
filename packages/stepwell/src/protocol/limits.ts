/** Every limit of the wire and of the engine, by name, with its unit (law E9). The errors that report them: errors.ts. */
export const LIMITS = {
  /** One event, as JSON text, in bytes. */
  eventBytesMax: 3 * 1024 * 1024,
  /** Events in one request. */
  eventsPerRequestMax: 5_000,
  /** Event name, in UTF-8 bytes, at intake. */
  eventNameBytesMax: 512,
  /** Event name or pattern in a trigger, in characters. */
  triggerNameCharsMax: 255,
  /** Earliest and latest event `ts`: the years 1980 and 2100. */
  eventTsMin: 315_532_800_000,
  eventTsMax: 4_102_444_800_000,
  /** The body of an intake request, in bytes. */
  intakeBodyBytesMax: 64 * 1024 * 1024,
  /** The body of any other API request, in bytes. */
  apiBodyBytesMax: 16 * 1024 * 1024,
  /** The body of a request that proves nothing, in bytes: it is read and parsed for anybody. */
  publicBodyBytesMax: 64 * 1024,
  /** Nesting of any JSON taken from outside. */
  jsonDepthMax: 128,
  triggersMax: 10,
  cronCharsMax: 255,
  jitterMsMin: 1_000,
  jitterMsMax: 300_000,
  retriesMax: 20,
  retriesDefault: 4,
  retryAfterMsMin: 1_000,
  retryAfterMsMax: 86_400_000,
  /** Signals sent by one step. */
  signalsPerStepMax: 100,
  /** Names of unreached steps that a reply carries. */
  unreachedMax: 10,
  /** Operations in one reply. */
  opsPerReplyMax: 1_000,
  /** Steps of one run. */
  stepsPerRunMax: 100_000,
  stepOutputBytesMax: 4 * 1024 * 1024,
  stepInputBytesMax: 4 * 1024 * 1024,
  /** Events, step results and output of one run together. */
  runStateBytesMax: 32 * 1024 * 1024,
  /** The body of a call; above it the SDK fetches the state (`use_api`). */
  callBodyBytesMax: 4 * 1024 * 1024,
  replyBodyBytesMax: 8 * 1024 * 1024,
  callMsMax: 7_200_000,
  redirectsMax: 60,
  /** Sleep, wait and timeout, in days. */
  sleepMsMax: 366 * 86_400_000,
  /** How long a producer's event id is remembered per function. */
  dedupeMs: 86_400_000,
  signatureAgeMsMax: 300_000,
  syncMsMax: 10_000,
  stepIdCharsMax: 1_024,
  /** One request that the server makes for a step, redirects included: `step.fetch`, `step.ai.infer`. */
  gatewayFetchMsMax: 120_000,
  gatewayAiMsMax: 600_000,
  gatewayRedirectsMax: 5,
  gatewayUrlCharsMax: 8_192,
  gatewayHeadersMax: 100,
  /** Names and values of those headers together. */
  gatewayHeaderCharsMax: 16_384,
  /** Invokes between a run and the first of its ancestors. */
  invokeDepthMax: 32,
  /** Steps that get the result of a run which another one started, by `idempotency`. */
  joinedStepsMax: 1_000,
  /** Patience of a step without a timeout of its own that invokes a run or waits for a signal: a year. */
  waitMsDefault: 365 * 86_400_000,
  /** How long a replay in the background remembers which runs it has started. */
  replayFactMs: 30 * 86_400_000,
  /** Operations on many runs that are under way at once. */
  operationsOpenMax: 20,
  /** Runs that are counted to say how many an operation is about. */
  operationCountMax: 10_000,
  /** How long one search through runs or events may take; its page says where it stopped. */
  searchMsMax: 50,
  /** Functions that the filter of an operation names. */
  operationFunctionsMax: 100,
  /** The fastest pace that an operation can be given, in runs per second. */
  operationRateMax: 10_000,
  /** Rules of `concurrency` of one function, and of its `runConcurrency`. */
  concurrencyRulesMax: 100,
  /** Periods of flow control, where nothing shorter is named. */
  flowPeriodMsMin: 1_000,
  flowPeriodMsMax: 366 * 86_400_000,
  rateLimitPeriodMsMax: 86_400_000,
  /** The largest limit of a rate limit that counts exactly. */
  rateLimitWindowMax: 10_000,
  debouncePeriodMsMax: 7 * 86_400_000,
  /** How long an idempotency key holds unless its rule says so. */
  idempotencyMsDefault: 86_400_000,
  /** Events of one batch. */
  batchSizeMax: 10_000,
  batchSizeDefault: 100,
  batchTimeoutMsDefault: 60_000,
  /** Events of one batch, or of a debounce that collects, together, in bytes of UTF-8; also what holds unless its rule says so. */
  batchBytesMax: 10 * 1024 * 1024,
  /** How long an app that cannot be reached is left alone: at first, and at most. */
  appDownMsMin: 1_000,
  appDownMsMax: 30_000,
  /** A call that is out for so long has reached its app. */
  appProbeMs: 12_000,
  /** The largest share of turns that a function can ask for. */
  weightMax: 100,
  /** Events that one run collects by debounce or batch. */
  collectedEventsMax: 10_000,
  cancelRulesMax: 5,
  /** How long a cancel rule holds unless it says so. */
  cancelRuleMsDefault: 365 * 86_400_000,
  /** Event names of one wait. */
  waitNamesMax: 10,
  /** Runs that one transaction resumes for one event; the others follow in further ones. */
  resumedRunsPerBatchMax: 1_000,
  /** Stored events that one look-back reads. */
  lookBackEventsMax: 10_000,
  /** A signal's name, in characters. */
  signalCharsMax: 1_024,
  /** A signal's data, as JSON text, in bytes. */
  signalBytesMax: 3 * 1024 * 1024,
  /** How long an early signal can be kept. */
  signalTtlMsMax: 7 * 86_400_000,
  /** How long an endpoint that has reported nothing is left alone before the server calls it again. */
  endpointLeaseMs: 900_000,
  /** Origins whose endpoints begin runs. */
  endpointAppsMax: 1_000,
  /** Endpoints of one origin that count as functions of their own; the others share one per method. */
  endpointFunctionsMax: 1_000,
  /** How long the tokens of a run's output and stream hold. */
  endpointTokenMs: 3_600_000,
  /** How long a request for a run's output waits for its end. */
  endpointOutputWaitMs: 300_000,
  /** What one call of an endpoint may stream, and what is kept of a run's stream for those who come late, in bytes. */
  endpointStreamBytesMax: 1_024_000,
  /** Runs whose streams are kept at once, and listeners to all of them. */
  endpointStreamsMax: 1_000,
  /** How long somebody may listen to a run's stream. */
  endpointListenMs: 900_000,
  /** Listeners to realtime channels. */
  realtimeListenersMax: 1_000,
  /** Topics of one listener, of one token, and of one message. */
  realtimeTopicsMax: 50,
  /** The name of a channel or a topic, in characters. */
  realtimeNameCharsMax: 255,
  /** How long a token lets somebody begin to listen. */
  realtimeTokenMs: 60_000,
  /** Such a token stands in an address, in characters. */
  realtimeTokenCharsMax: 12_000,
  realtimeMessageBytesMax: 512 * 1024,
  /** A stream that is published, and a piece of it, in bytes. */
  realtimeStreamBytesMax: 1_024_000,
  realtimeChunkBytesMax: 1_024,
  /** What waits to be read by one listener, in bytes. */
  realtimeQueueBytesMax: 1024 * 1024,
  /** How long a stream of server-sent events goes on. */
  realtimeStreamMs: 900_000,
  /** One line that a handler logs, in characters; the rest of it is cut. */
  logMessageCharsMax: 16 * 1024,
  /** What one call of a function may log, in lines and in characters; the rest is counted. */
  logLinesPerCallMax: 2_000,
  logCharsPerCallMax: 1024 * 1024,
  /** What is kept of one run's lines, in lines and in characters; the rest is counted. */
  logLinesPerRunMax: 20_000,
  logCharsPerRunMax: 8 * 1024 * 1024,
  /** Lines that wait to be stored, of all runs together; the rest is counted. */
  logLinesQueuedMax: 50_000,
  logCharsQueuedMax: 32 * 1024 * 1024,
  /** How long ended runs are kept unless somebody says otherwise, and the shortest that can be said, in ms. */
  retentionMsDefault: 30 * 86_400_000,
  retentionMsMin: 60_000,
  /** The smallest limit of a store's size, in bytes. */
  storeBytesMaxMin: 16 * 1024 * 1024,
  /** Lines that one search looks at before it answers with what it has found. */
  logSearchLinesMax: 20_000,
  /** Values longer than this are kept apart from their rows. */
  blobBytesMin: 64 * 1024,
  /** Users, API tokens and event keys of a server, and sessions of one user. */
  usersMax: 1_000,
  tokensMax: 1_000,
  eventKeysMax: 100,
  sessionsPerUserMax: 20,
  /** How long a session holds, and how long when nobody uses it. */
  sessionMs: 30 * 86_400_000,
  sessionIdleMs: 7 * 86_400_000,
  /** How long a link for a password holds. */
  linkMs: 86_400_000,
  /** A password, in characters. */
  passwordCharsMin: 12,
  passwordCharsMax: 256,
  /** How long a rotated event key can go on. */
  keyGraceMsMax: 30 * 86_400_000,
  /** How long audit rows are kept. */
  auditMs: 400 * 86_400_000,
} as const;
