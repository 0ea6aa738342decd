/**
 * Makes the requests that steps hand to the server: `step.fetch` and `step.ai.infer`.
 *
 *   GW1. Whatever goes wrong is an outcome; `request` never rejects.
 *   GW2. Every request ends: by its own limit of time, by its signal, or when the gateway closes.
 *   GW3. Nothing of a request is logged, and no outcome of a failure holds its secrets.
 */

import { Agent } from "undici";
import type { RequestOutcome } from "../../core/run/request.ts";
import type { Gateway, GatewayRequest, StopSignal } from "../../engine/ports.ts";
import { formatDuration } from "../../protocol/duration.ts";
import { isStepwellError, StepwellError } from "../../protocol/errors.ts";
import { type GatewayCall, readGatewayOpts } from "../../protocol/gateway.ts";
import { isLargerThan } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { isSecretName } from "../../protocol/secret-names.ts";
import { VERSION } from "../../protocol/version.ts";
import { type AddressCheck, guardedLookup, type Lookup, lookupHere, parseTarget, targetName } from "./address-guard.ts";
import { type ExchangeOptions, exchange, type Outgoing } from "./exchange.ts";
import { isPublicAddress } from "./public-address.ts";
import { aiData, failedOutcome, fetchData, refusedByProvider } from "./result.ts";

export interface GatewayOptions {
  /** False: only addresses of the public internet are connected to. */
  readonly allowPrivate: boolean;
  /** For one request with its redirects. Default: `gatewayFetchMsMax`, `gatewayAiMsMax`. */
  readonly timeoutMs?: number;
  /** Of one answer, unpacked, and of what it becomes. Default: `stepOutputBytesMax`. */
  readonly responseBytesMax?: number;
  /** Connections to one origin. Default: 100. */
  readonly connectionsMax?: number;
  /** How names become addresses. Default: as this machine does it. */
  readonly lookup?: Lookup;
  /** Which addresses may be connected to, in place of `allowPrivate`. */
  readonly isAllowed?: AddressCheck;
}

const CONNECTIONS_MAX = 100;
const CONNECT_MS_MAX = 10_000;
const USER_AGENT = `stepwell/${VERSION}`;

export function createGateway(options: GatewayOptions): Gateway {
  return new HttpGateway(options);
}

class HttpGateway implements Gateway {
  readonly #timeoutMs: number | undefined;
  readonly #exchange: ExchangeOptions;
  readonly #running = new Set<AbortController>();
  #isClosed = false;

  constructor(options: GatewayOptions) {
    const isAllowed = options.isAllowed ?? (options.allowPrivate ? () => true : isPublicAddress);
    this.#timeoutMs = options.timeoutMs;
    this.#exchange = {
      isAllowed,
      bodyBytesMax: options.responseBytesMax ?? LIMITS.stepOutputBytesMax,
      agent: new Agent({
        connections: options.connectionsMax ?? CONNECTIONS_MAX,
        pipelining: 1,
        connect: { timeout: CONNECT_MS_MAX, lookup: guardedLookup(options.lookup ?? lookupHere, isAllowed) },
      }),
    };
  }

  async request(request: GatewayRequest, signal: StopSignal): Promise<RequestOutcome> {
    const { kind, step } = request;
    let secrets: readonly string[] = [];
    try {
      const call = readGatewayOpts(kind, request.opts);
      const url = typeof call === "string" ? null : parseTarget(call.url);
      if (typeof call === "string") return failedOutcome(kind, "gateway_invalid", { step, reason: call }, secrets);
      if (url === null) {
        return failedOutcome(kind, "gateway_invalid", { step, reason: "its url is not an address" }, secrets);
      }
      secrets = [...call.secrets, ...secretsOf(url)];
      return await this.#answered(request, call, url, secrets, signal);
    } catch (error) {
      return this.#failure(request, error, secrets); // GW1
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const running of this.#running) running.abort(calledOff("the server is shutting down"));
    await this.#exchange.agent.destroy();
  }

  async #answered(
    { kind }: GatewayRequest,
    call: GatewayCall,
    url: URL,
    secrets: readonly string[],
    signal: StopSignal,
  ): Promise<RequestOutcome> {
    const limit = LIMITS.stepInputBytesMax;
    const target = targetName(url);
    if (call.body !== null && isLargerThan(call.body, limit)) {
      throw new StepwellError("gateway_too_large", { what: "body", target, limit });
    }
    const timeoutMs = this.#timeoutMs ?? (kind === "ai" ? LIMITS.gatewayAiMsMax : LIMITS.gatewayFetchMsMax);
    const answer = await this.#limited(target, timeoutMs, signal, (stop) =>
      exchange(outgoing(call, url), this.#exchange, stop),
    );
    const { bodyBytesMax } = this.#exchange;
    if (kind === "fetch") return { kind: "done", data: fetchData(answer, bodyBytesMax) };
    if (answer.status > 299) return refusedByProvider(answer, secrets, Date.now());
    return { kind: "done", data: aiData(answer, bodyBytesMax) };
  }

  /** GW2. */
  async #limited<T>(
    target: string,
    timeoutMs: number,
    signal: StopSignal,
    work: (stop: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const stop = () => controller.abort(calledOff("it was called off", target));
    if (this.#isClosed) throw calledOff("the server is shutting down", target);
    if (signal.aborted) throw calledOff("it was called off", target);
    signal.addEventListener("abort", stop);
    const timer = setTimeout(() => {
      controller.abort(new StepwellError("gateway_timeout", { target, limit: formatDuration(timeoutMs) }));
    }, timeoutMs);
    this.#running.add(controller);
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
      this.#running.delete(controller);
      signal.removeEventListener("abort", stop);
    }
  }

  #failure({ kind, opts }: GatewayRequest, error: unknown, secrets: readonly string[]): RequestOutcome {
    if (isStepwellError(error)) return failedOutcome(kind, error.code, error.details, secrets);
    const url = typeof opts["url"] === "string" ? parseTarget(opts["url"]) : null;
    const target = url === null ? "its address" : targetName(url);
    return failedOutcome(kind, "gateway_failed", { target, reason: "it could not be made" }, secrets);
  }
}

function calledOff(reason: string, target = "its address"): StepwellError {
  return new StepwellError("gateway_failed", { target, reason });
}

/** The request on the wire. A user and a password in the address become the header that means them. */
function outgoing(call: GatewayCall, parsed: URL): Outgoing {
  const url = new URL(parsed);
  const headers = new Map(call.headers);
  if (!headers.has("user-agent")) headers.set("user-agent", USER_AGENT);
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "gzip, deflate, br");
  if (!headers.has("authorization") && (url.username !== "" || url.password !== "")) {
    headers.set("authorization", `Basic ${basicCredentials(url)}`);
  }
  url.username = "";
  url.password = "";
  if (call.queryKey !== null) url.searchParams.set("key", call.queryKey);
  return { url, method: call.method, headers, body: call.body };
}

/** What an address holds that must not be shown. */
function secretsOf(url: URL): readonly string[] {
  const inQuery = [...url.searchParams].filter(([name]) => isSecretName(name)).map(([, value]) => value);
  // Some services take the key as the user.
  const users = [url.username, url.password].flatMap((text) => [text, unescaped(text)]);
  return [...users, basicCredentials(url), ...inQuery].filter((text) => text !== "");
}

function basicCredentials(url: URL): string {
  return Buffer.from(`${unescaped(url.username)}:${unescaped(url.password)}`).toString("base64");
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
