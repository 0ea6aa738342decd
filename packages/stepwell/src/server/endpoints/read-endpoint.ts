/** What endpoints send, read into commands. Throws `body_invalid` and its kin. */

import type { CreateEndpointRun, SaveEndpointSteps } from "../../core/command.ts";
import { ENDPOINT_SCHEME } from "../../core/endpoints.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { INTERNAL_EVENTS } from "../../protocol/event.ts";
import { NO_FLOW } from "../../protocol/flow.ts";
import { type FunctionConfig, functionId, NO_TIMEOUTS } from "../../protocol/function.ts";
import { uuidFromName } from "../../protocol/hash.ts";
import { isUlid } from "../../protocol/ids.ts";
import { canonicalJson, isJsonObject, isLargerThan, type JsonObject } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { readOps } from "../checkpoint-routes.ts";

const NAME_CHARS_MAX = 512;
const METHOD = /^[A-Z]{1,16}$/;

/** What is known beside the body. */
export interface EndpointIntake {
  readonly nowMs: number;
  /** The internal id of the event. */
  readonly eventId: string;
  /** Bodies are texts in base64: one of the SDKs sends bytes. */
  readonly hasBase64Bodies: boolean;
  /** How the SDK calls itself. */
  readonly sdk: string;
}

export type NewEndpointRun = Omit<CreateEndpointRun, "kind">;

export function readNewRun(body: unknown, intake: EndpointIntake): NewEndpointRun {
  if (!isJsonObject(body)) throw invalid("it is not an object");
  const runId = body["run_id"];
  if (typeof runId !== "string" || !isUlid(runId)) throw invalid("run_id is not a ULID");
  const request = readRequest(body["event"], intake.hasBase64Bodies);
  const retries = numberOf(body["retries"], LIMITS.retriesDefault, LIMITS.retriesMax);
  const app = request.origin;
  const named = request.data["fn"];
  const path = `${request.data["method"]} ${request.data["path"]}`;
  const name = typeof named === "string" && named !== "" ? named : path;
  const url = `${ENDPOINT_SCHEME}:${app}`;
  const key = body["idempotency"];
  const steps = body["steps"];
  return {
    runId,
    app: { id: app, url, sdk: intake.sdk, framework: "endpoint", version: null, functions: [] },
    fn: endpointFunction(app, name, url, retries),
    shared: endpointFunction(app, `${request.data["method"]} *`, url, retries),
    event: eventOf(request.data, intake),
    ops: steps === undefined || steps === null ? [] : readOps(body, intake.nowMs),
    requestVersion: body["request_version"] === 1 ? 1 : 2,
    idempotencyKey: typeof key === "string" && key !== "" ? key.slice(0, NAME_CHARS_MAX) : null,
  };
}

export function readSteps(body: unknown, runId: string, nowMs: number): Omit<SaveEndpointSteps, "kind"> {
  if (!isUlid(runId)) throw invalid("the run id in the path is not a ULID");
  if (!isJsonObject(body)) throw invalid("it is not an object");
  return { runId, ops: readOps(body, nowMs) };
}

interface EndpointRequest {
  readonly origin: string;
  readonly data: JsonObject;
}

function readRequest(event: unknown, hasBase64Bodies: boolean): EndpointRequest {
  const data = isJsonObject(event) ? event["data"] : undefined;
  if (!isJsonObject(data)) throw invalid("event has no data");
  const { domain, method, path } = data;
  const origin = typeof domain === "string" && URL.canParse(domain) ? new URL(domain) : null;
  if (origin === null || !/^https?:$/.test(origin.protocol)) throw invalid("domain is not an http(s) address");
  if (typeof method !== "string" || !METHOD.test(method.toUpperCase())) throw invalid("method is not an HTTP method");
  if (typeof path !== "string" || !path.startsWith("/")) throw invalid("path does not begin with a slash");
  const body = data["body"];
  const text = typeof body === "string" && hasBase64Bodies ? Buffer.from(body, "base64").toString("utf8") : body;
  return {
    origin: origin.origin,
    data: { ...data, method: method.toUpperCase(), ...(text === undefined ? {} : { body: text }) },
  };
}

function eventOf(data: JsonObject, { nowMs, eventId: id }: EndpointIntake): CreateEndpointRun["event"] {
  const name = INTERNAL_EVENTS.request;
  const parsed: JsonObject = { data, id, name, ts: nowMs, user: {} };
  const json = canonicalJson(parsed);
  if (isLargerThan(json, LIMITS.eventBytesMax)) {
    throw new StepwellError("event_too_large", { index: 0, size: json.length, limit: LIMITS.eventBytesMax });
  }
  const stored = { id, name, ts: nowMs, receivedAt: nowMs, idempotencyId: null, json, isInternal: true };
  return { stored, parsed, mayExist: false };
}

function endpointFunction(appId: string, name: string, url: string, retries: number): FunctionConfig {
  const slug = `${appId}-${name.slice(0, NAME_CHARS_MAX)}`;
  return {
    id: uuidFromName(functionId(appId, slug)),
    slug,
    name: name.slice(0, NAME_CHARS_MAX),
    appId,
    triggers: [],
    retries,
    url,
    cancelOn: [],
    timeouts: NO_TIMEOUTS,
    flow: NO_FLOW,
    raw: {},
  };
}

function numberOf(value: unknown, fallback: number, max: number): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? Math.min(value, max) : fallback;
}

const invalid = (reason: string): StepwellError => new StepwellError("body_invalid", { reason });
