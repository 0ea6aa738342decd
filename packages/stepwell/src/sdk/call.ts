/** A call of a function over HTTP: from the request to an execution, and from its result to the reply. */
import { StepwellError } from "../protocol/coded-error.ts";
import { FEATURES, HEADERS, QUERY } from "../protocol/headers.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { App } from "./app.ts";
import type { CallRecorder } from "./call-log.ts";
import { type CallRequest, readCall } from "./call-request.ts";
import { checkpointerOf } from "./checkpoint.ts";
import { Stepwell } from "./client.ts";
import { unreachedHeader } from "./code-change.ts";
import { errorData } from "./error-data.ts";
import { execute } from "./execute.ts";
import { type ExecutionResult, startHostTimer } from "./execution.ts";
import type { AnyFunction } from "./function.ts";
import type { Incoming, Reply } from "./incoming.ts";
import { type CallLog, shipperOf } from "./log-shipper.ts";
import { memosOf } from "./memo.ts";
import { hooksOf, wrapWith } from "./middleware.ts";
import { withState } from "./run-state.ts";
import type { Settings } from "./settings.ts";
import { writeOps } from "./step-op.ts";

export async function answerCall(
  app: App,
  incoming: Incoming,
  query: URLSearchParams,
  body: unknown,
  settings: Settings,
): Promise<Reply> {
  const slug = query.get(QUERY.functionSlug);
  const fn = slug === null ? undefined : app.functions.get(slug);
  if (fn === undefined) return notServed(slug);
  const call = readCall(incoming, query, body);
  const run = async () => {
    const whole = call.useApi ? await withState(call, settings) : call;
    if (!call.features.has(FEATURES.logs)) return replyOf(await executeCall(app, fn, incoming, whole, settings));
    const log = shipperOf(settings).open(call);
    return withLines(replyOf(await executeCall(app, fn, incoming, whole, settings, log.record)), log, app);
  };
  if (fn.middleware.length === 0) return run();
  const requestInfo = { method: incoming.method, url: incoming.url, header: incoming.header };
  const input = { fn, requestInfo, runId: call.runId };
  return wrapWith(hooksOf(fn.middleware, "wrapRequest"), input, run)();
}

/** What a step sends travels with its result up to this size; more would crowd the reply. */
const SENDS_CHARS_MAX = 1024 * 1024;

function executeCall(
  app: App,
  fn: AnyFunction,
  incoming: Incoming,
  call: CallRequest,
  settings: Settings,
  record?: CallRecorder,
): Promise<ExecutionResult> {
  return execute({
    fn,
    event: call.event,
    events: call.events,
    memos: memosOf(call.steps),
    stack: call.stack,
    runId: call.runId,
    attempt: call.attempt,
    maxAttempts: call.maxAttempts ?? fn.retries + 1,
    target: call.target,
    disableImmediateExecution: call.disableImmediateExecution,
    checkpoint: checkpointerOf(fn, call, settings, app.client.logger),
    logger: app.client.logger,
    ...(record === undefined ? {} : { record }),
    sender: Stepwell.sender(app.client, fn),
    isExtended: call.features.size > 0,
    sendsCharsMax: call.features.has(FEATURES.sends) ? SENDS_CHARS_MAX : 0,
    ...(incoming.signal === undefined ? {} : { signal: incoming.signal }),
  });
}

/** Hosts that may stop everything once the answer is out; the others go on with what is under way. */
const FREEZING: ReadonlySet<string> = new Set(["aws-lambda", "hono", "nextjs", "web"]);

/** How long an answer waits there for lines that did not fit into it, in ms. */
const LINES_MS_MAX = 1_000;

/** The reply with the last lines of its call (protocol/log-lines.ts). */
async function withLines(reply: Reply, log: CallLog, { framework }: App): Promise<Reply> {
  const { header, sent } = log.end();
  if (sent !== null && FREEZING.has(framework)) {
    let stop = () => {};
    const isOver = new Promise<void>((resolve) => {
      stop = startHostTimer(LINES_MS_MAX, resolve);
    });
    await Promise.race([sent, isOver]);
    stop();
  }
  return header === null ? reply : { ...reply, headers: { ...reply.headers, [HEADERS.logs]: header } };
}

/** The result of a call as its reply. */
function replyOf(result: ExecutionResult): Reply {
  const reply = plainReplyOf(result);
  if (result.unreached === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, [HEADERS.unreached]: unreachedHeader(result.unreached) } };
}

function plainReplyOf(result: ExecutionResult): Reply {
  if (result.kind === "returned") return { status: 200, headers: {}, body: result.output };
  if (result.kind === "ops") {
    if (result.ops.length > LIMITS.opsPerReplyMax) return tooManyOps(result.ops.length);
    return { status: 206, headers: retryHeaders(result), body: writeOps(result.ops) };
  }
  const headers = { [HEADERS.noRetry]: "false", ...retryHeaders(result) };
  const body = JSON.stringify({ ...errorData(result.error), __serialized: true });
  return { status: result.noRetry ? 400 : 500, headers, body };
}

const NO_HEADERS = {};

/** What the server must know to try again or not; nothing of it is the rule. */
function retryHeaders({ noRetry, retryAfter }: { noRetry: boolean; retryAfter: string | null }): Reply["headers"] {
  if (!noRetry && retryAfter === null) return NO_HEADERS;
  return {
    ...(noRetry ? { [HEADERS.noRetry]: "true" } : {}),
    ...(retryAfter === null ? {} : { [HEADERS.retryAfter]: retryAfter }),
  };
}

function tooManyOps(count: number): Reply {
  const error = new StepwellError("too_many_ops", { count, limit: LIMITS.opsPerReplyMax });
  return replyOf({ kind: "failed", error, noRetry: true, retryAfter: null });
}

/** Retryable: a deploy on its way may bring the function. */
function notServed(slug: string | null): Reply {
  const error = new StepwellError("function_not_found", { function: slug ?? "(no fnId)" });
  return replyOf({ kind: "failed", error, noRetry: false, retryAfter: null });
}
