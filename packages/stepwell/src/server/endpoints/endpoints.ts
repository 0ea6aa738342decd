/**
 * Endpoints: HTTP handlers of an app that begin runs by themselves. Answered before the router, because
 * each step of theirs comes by here, and because their answers and streams are no JSON.
 *
 *   EN1. 200 only once what was reported is durable.
 *   EN2. What an endpoint reports of a run is answered with 200 also where it changes nothing: it would try for seconds what
 *        it can do nothing about. The log says why.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { StepwellError } from "../../protocol/errors.ts";
import { isUlid } from "../../protocol/ids.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { authorize } from "../api/authorize.ts";
import { entryOf, type Route } from "../api/route.ts";
import { RunEnds } from "../api/run-ends.ts";
import { parseAppBody, readBody } from "../body.ts";
import type { ServerContext } from "../context.ts";
import { errorReply } from "../error-reply.ts";
import { answerJson } from "../raw-reply.ts";
import type { Realtime } from "../realtime/realtime.ts";
import { isTopicToken } from "../realtime/topic-token.ts";
import { ENDPOINT_ROUTES } from "./endpoint-routes.ts";
import { outputOf } from "./output.ts";
import { readNewRun, readSteps } from "./read-endpoint.ts";
import { RunStreams } from "./run-streams.ts";
import { RunTokens } from "./run-token.ts";

/** One request, taken apart. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly common: readonly string[];
  readonly query: URLSearchParams;
  /** From the path; empty where it has none. */
  readonly runId: string;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

const CREATE = /^\/v1\/(?:checkpoint|http\/runs)$/;
const STEPS = /^\/v1\/(?:checkpoint|http\/runs)\/([^/]+)\/steps$/;
const OUTPUT = /^\/v1\/http\/runs\/([^/]+)\/output$/;
const STREAM = /^\/v1\/realtime\/sse$/;
const entry = (operationId: string): Route => entryOf(ENDPOINT_ROUTES, operationId);
const TEE = /^\/v1\/realtime\/publish\/tee$/;

export class Endpoints {
  readonly #context: ServerContext;
  readonly #realtime: Realtime;
  readonly #tokens: RunTokens;
  readonly #ends: RunEnds;
  readonly #streams: RunStreams;
  readonly #routes: readonly (readonly [Route, RegExp, Handler])[];
  /** Aborts when the server stops: nobody waits for an end any more. */
  readonly #stop = new AbortController();

  constructor(context: ServerContext, signingKeys: readonly string[], realtime: Realtime) {
    this.#context = context;
    this.#realtime = realtime;
    this.#tokens = new RunTokens(signingKeys);
    this.#ends = new RunEnds(context);
    this.#streams = new RunStreams((runId, waitMs, signal) => this.#ends.wait(runId, { waitMs, signal }));
    this.#routes = [
      [entry("saveEndpointSteps"), STEPS, (exchange) => this.#saveSteps(exchange)],
      [entry("createEndpointRun"), CREATE, (exchange) => this.#create(exchange)],
      [entry("publishEndpointStream"), TEE, (exchange) => this.#publish(exchange)],
      [entry("getEndpointOutput"), OUTPUT, (exchange) => this.#output(exchange)],
      [entry("followRealtime"), STREAM, (exchange) => this.#listen(exchange)],
    ];
  }

  /** False when the request is for somebody else. */
  answer(request: IncomingMessage, response: ServerResponse, common: readonly string[]): boolean {
    const { method, url = "/" } = request;
    if (!url.startsWith("/v1/")) return false;
    const [path = "", query = ""] = url.split("?", 2);
    for (const [route, pattern, handler] of this.#routes) {
      const match = method === route.method ? pattern.exec(path) : null;
      if (match === null) continue;
      const exchange = { request, response, common, query: new URLSearchParams(query), runId: match[1] ?? "" };
      void this.#handle(route, handler, exchange);
      return true;
    }
    return false;
  }

  close(): void {
    this.#stop.abort();
    this.#streams.close();
  }

  async #handle(route: Route, handler: Handler, exchange: Exchange): Promise<void> {
    try {
      authorize(this.#context, route, exchange.request);
      await handler(exchange);
    } catch (error) {
      const { status, body } = errorReply(error, this.#context.log);
      answerJson(exchange.response, status, JSON.stringify(body), exchange.common);
    }
  }

  async #create({ request, response, common }: Exchange): Promise<void> {
    const { engine, ids } = this.#context;
    const body = parseAppBody(await readBody(request, LIMITS.apiBodyBytesMax));
    const nowMs = Date.now();
    const sdk = sdkOf(request);
    const intake = { nowMs, eventId: ids.next(nowMs), sdk, hasBase64Bodies: /^(?:inngest)?-?go\b/.test(sdk) };
    const command = readNewRun(body, intake);
    const answer = await engine.createEndpointRun(command);
    if (answer.kind === "refused") throw new StepwellError(answer.code, answer.details);
    const { runId } = command;
    const data = {
      fn_id: answer.functionId,
      app_id: answer.appId,
      run_id: runId,
      token: this.#tokens.issue("output", runId, nowMs),
      realtime_token: this.#tokens.issue("stream", runId, nowMs),
    };
    answerJson(response, 200, JSON.stringify({ data }), common); // EN1
  }

  async #saveSteps({ request, response, common, runId }: Exchange): Promise<void> {
    const { engine, log } = this.#context;
    const body = parseAppBody(await readBody(request, LIMITS.apiBodyBytesMax));
    const { problems } = await engine.saveEndpointSteps(readSteps(body, runId, Date.now()));
    for (const problem of problems) log.warn("what an endpoint reported was not taken", { run: runId, problem }); // EN2
    answerJson(response, 200, '{"status":200}', common);
  }

  async #output({ response, common, query, runId }: Exchange): Promise<void> {
    this.#checkToken("output", query, runId);
    const signal = AbortSignal.any([this.#stop.signal, closedSignal(response)]);
    const row = await this.#ends.wait(runId, { waitMs: LIMITS.endpointOutputWaitMs, signal });
    if (row === null) throw new StepwellError("not_found", { what: `Run ${runId}` });
    if (response.destroyed) return;
    if (this.#stop.signal.aborted && row.endedAt === null) throw new StepwellError("server_stopping");
    const { status, headers, body } = outputOf(row);
    const length = String(Buffer.byteLength(body));
    response.writeHead(status, [...common, ...Object.entries(headers).flat(), "content-length", length]);
    response.end(body);
  }

  #listen({ response, common, query }: Exchange): void {
    const token = query.get("token") ?? "";
    if (isTopicToken(token)) this.#realtime.listen(token, response, common);
    else this.#streams.listen(this.#checkToken("stream", query, null), response, common);
  }

  #checkToken(use: "output" | "stream", query: URLSearchParams, runId: string | null): string {
    const ofRun = this.#tokens.check(use, query.get("token") ?? "", Date.now());
    if (runId !== null && ofRun !== runId) throw new StepwellError("run_token_invalid");
    return ofRun;
  }

  async #publish({ request, response, common, query }: Exchange): Promise<void> {
    const runId = query.get("channel") ?? "";
    if (!isUlid(runId)) throw new StepwellError("query_invalid", { name: "channel", reason: "it is not a run's id" });
    let size = 0;
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > LIMITS.endpointStreamBytesMax) break;
        this.#streams.publish(runId, chunk);
      }
    } catch {
      return; // The endpoint went away in the middle: what came was passed on.
    } finally {
      this.#streams.published(runId);
    }
    if (size > LIMITS.endpointStreamBytesMax) {
      throw new StepwellError("body_too_large", { limit: LIMITS.endpointStreamBytesMax });
    }
    answerJson(response, 200, '{"status":200}', common);
  }
}

const SDK_CHARS_MAX = 128;

function sdkOf({ headers }: IncomingMessage): string {
  const sdk = headers["x-inngest-sdk"] ?? headers["user-agent"] ?? "";
  return String(sdk).slice(0, SDK_CHARS_MAX);
}

function closedSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  else response.once("close", () => controller.abort());
  return controller.signal;
}
