/** A call of a function over HTTP: from the request to an execution, and from its result to the reply. */
import { StepwellError } from "../protocol/coded-error.ts";
import { FEATURES, HEADERS, QUERY } from "../protocol/headers.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { App } from "./app.ts";
import { CallRequest } from "./call-request.ts";
import { checkpointerOf } from "./checkpoint.ts";
import { unreachedHeader } from "./code-change.ts";
import { errorData } from "./error-data.ts";
import { execute } from "./execute.ts";
import { type ExecutionResult, startHostTimer } from "./execution.ts";
import type { Incoming, Reply } from "./incoming.ts";
import { type CallLog, shipperOf } from "./log-shipper.ts";
import { hooksOf, wrapWith } from "./middleware.ts";
import { fetchState } from "./run-state.ts";
import type { Settings } from "./settings.ts";
import { writeOps } from "./step-op.ts";

export function answerCall(
  app: App,
  incoming: Incoming,
  query: URLSearchParams,
  body: unknown,
  settings: Settings,
): Promise<Reply> | Reply {
  const slug = query.get(QUERY.functionSlug);
  const fn = slug === null ? undefined : app.functions.get(slug);
  if (fn === undefined) return notServed(slug);
  const call = new CallRequest(app, fn, incoming, query, body);
  if (fn.middleware.length === 0) return executeCall(call, app, settings);
  const requestInfo = { method: incoming.method, url: incoming.url, header: incoming.header };
  const run = () => executeCall(call, app, settings);
  return wrapWith(hooksOf(fn.middleware, "wrapRequest"), { fn, requestInfo, runId: call.runId }, run)();
}

async function executeCall(call: CallRequest, app: App, settings: Settings): Promise<Reply> {
  if (call.useApi) await fetchState(call, settings);
  call.checkpoint = checkpointerOf(call.fn, call, settings, call.logger);
  const log = call.features.has(FEATURES.logs) ? shipperOf(settings).open(call) : null;
  call.record = log?.record;
  const reply = replyOf(await execute(call));
  return log === null ? reply : withLines(reply, log, app);
}

/** Hosts that may stop everything once the answer is out; the others go on with what is under way. */
const FREEZING: ReadonlySet<string> = new Set(["aws-lambda", "hono", "nextjs", "web"]);

/** How long an answer waits there for lines that did not fit into it, in ms. */
const LINES_MS_MAX = 1_000;

/** The reply with the last lines of its call (protocol/log-lines.ts). */
function withLines(reply: Reply, log: CallLog, { framework }: App): Promise<Reply> | Reply {
  const { header, sent } = log.end();
  const whole = header === null ? reply : { ...reply, headers: { ...reply.headers, [HEADERS.logs]: header } };
  if (sent === null || !FREEZING.has(framework)) return whole;
  let stop = () => {};
  const isOver = new Promise<void>((resolve) => {
    stop = startHostTimer(LINES_MS_MAX, resolve);
  });
  return Promise.race([sent, isOver]).then(() => {
    stop();
    return whole;
  });
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
