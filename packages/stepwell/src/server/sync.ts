/**
 * Asking an app to announce itself.
 *
 * In-band first: the app answers with its functions, whatever address it believes the server to have. An app that does
 * not know that way, or does not want it, is asked out of band: it registers on its own.
 */
import type { Engine } from "../engine/engine.ts";
import { isStepwellError, StepwellError } from "../protocol/errors.ts";
import type { AppConfig } from "../protocol/function.ts";
import { HEADERS } from "../protocol/headers.ts";
import { canonicalJson, isJsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type ServerKind, SYNC_KIND } from "../protocol/register.ts";
import { signatureKey, verify } from "../protocol/signature.ts";
import { normalizeCallUrl, shownUrl } from "./app-url.ts";
import { type HttpAnswer, type HttpRequest, splitUrl } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";
import type { ServerLog } from "./log.ts";
import { type Registration, readRegistration, registrationOfInBand } from "./register.ts";
import { signerWith } from "./signer.ts";

export interface SyncerOptions {
  readonly engine: Pick<Engine, "sync" | "removeApp"> & {
    readonly apps: Pick<Engine["apps"], "list">;
  };
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly kind: ServerKind;
  /** Current first, then the fallback. */
  readonly signingKeys: readonly string[];
  readonly log: ServerLog;
}

export interface SyncOutcome {
  readonly kind: "in_band" | "out_of_band";
  readonly isModified: boolean;
  /** Null when the app registered on its own. */
  readonly appId: string | null;
}

export interface Syncer {
  /** Asks the app at an address; throws `sync_failed`, or what is wrong with its configuration. */
  sync(url: string): Promise<SyncOutcome>;
  /** Stores what an app announced. True when it changed something. */
  register(registration: Registration): Promise<boolean>;
}

export function createSyncer(options: SyncerOptions): Syncer {
  /** Addresses that refused to be asked in band. */
  const outOfBand = new Set<string>();
  const register = (registration: Registration) => store(options, registration);
  return {
    register,
    async sync(url) {
      const address = normalizeCallUrl(url);
      if (address === null) throw failed(url, "unsupported_protocol", "it must be an http or https URL");
      if (outOfBand.has(address)) return askOutOfBand(options, address);
      try {
        return await askInBand(options, address, register);
      } catch (error) {
        if (!mayBeOutOfBand(error)) throw error;
        const outcome = await askOutOfBand(options, address);
        outOfBand.add(address);
        return outcome;
      }
    },
  };
}

async function store(options: SyncerOptions, { app, checksum }: Registration): Promise<boolean> {
  const { engine, log } = options;
  const { isModified } = await engine.sync(app, checksum);
  if (!isModified) return false;
  await removeRenamed(options, app);
  log.info("app synced", { app: app.id, url: shownUrl(app.url), functions: app.functions.length, sdk: app.sdk });
  return true;
}

/** In dev mode, the app that was at this address under another name: its functions are served there no more. */
async function removeRenamed({ engine, kind, log }: SyncerOptions, app: AppConfig): Promise<void> {
  if (kind !== "dev") return;
  for (const other of engine.apps.list()) {
    if (other.id === app.id || other.url !== app.url || other.functions.length === 0) continue;
    await engine.removeApp(other.id);
    log.info("app renamed", { from: other.id, to: app.id });
  }
}

async function askInBand(options: SyncerOptions, url: string, register: Syncer["register"]): Promise<SyncOutcome> {
  const answer = await put(options, url, [HEADERS.syncKind, SYNC_KIND.inBand]);
  if (answer.status < 200 || answer.status > 299) throw refusal(url, answer);
  const value = parse(answer.body);
  if (answer.header(HEADERS.syncKind) !== SYNC_KIND.inBand) return registeredItself(url, answer, value);
  checkSignature(options, url, answer);
  const registration = readRegistration(registrationOfInBand(value, url));
  return { kind: "in_band", isModified: await register(registration), appId: registration.app.id };
}

async function askOutOfBand(options: SyncerOptions, url: string): Promise<SyncOutcome> {
  const answer = await put(options, url, [HEADERS.syncKind, SYNC_KIND.outOfBand]);
  if (answer.status < 200 || answer.status > 299) throw refusal(url, answer);
  return registeredItself(url, answer, parse(answer.body));
}

/** Some SDKs relay the server's refusal with status 200. */
function registeredItself(url: string, answer: HttpAnswer, value: unknown): SyncOutcome {
  if (answer.header(HEADERS.sdk) === undefined) {
    throw failed(url, "url_not_found", "no SDK answers there");
  }
  const status = isJsonObject(value) && typeof value["status"] === "number" ? value["status"] : 200;
  if (status > 299) throw failed(url, "invalid_function", messageOf(value) ?? `the app reported status ${status}`);
  return { kind: "out_of_band", isModified: isJsonObject(value) && value["modified"] === true, appId: null };
}

async function put(options: SyncerOptions, url: string, more: readonly string[]): Promise<HttpAnswer> {
  const body = Buffer.from(canonicalJson({ url }));
  const headers = ["content-type", "application/json", HEADERS.serverKind, options.kind, ...more];
  const key = options.signingKeys[0];
  if (key !== undefined) headers.push(HEADERS.signature, signerWith(signatureKey(key))(body, Date.now()));
  try {
    return await options.send({
      method: "PUT",
      ...splitUrl(new URL(url)),
      headers,
      body,
      timeoutMs: LIMITS.syncMsMax,
      bodyBytesMax: LIMITS.apiBodyBytesMax,
    });
  } catch (error) {
    throw failed(url, "unreachable", error instanceof HttpFailure ? error.message : String(error));
  }
}

function checkSignature(options: SyncerOptions, url: string, answer: HttpAnswer): void {
  if (options.signingKeys.length === 0) return;
  const header = answer.header(HEADERS.signature);
  if (header === undefined) throw failed(url, "missing_signing_key", "its answer is not signed");
  const { verdict } = verify(header, answer.body, options.signingKeys, Date.now());
  if (verdict !== "valid") throw failed(url, "invalid_signing_key", `the signature of its answer is ${verdict}`);
}

const FAILURES: Readonly<Record<number, readonly [string, string]>> = {
  401: ["unauthorized", "it answers 401 Unauthorized: do app and server share the signing key?"],
  403: ["forbidden", "it answers 403 Forbidden: is one in dev mode and the other in production mode?"],
  404: ["url_not_found", "nothing is served at this path (404)"],
};

function refusal(url: string, answer: HttpAnswer): StepwellError {
  // Only an app's own words are passed on: what else answers at an address is nobody's business here.
  const message = answer.header(HEADERS.sdk) === undefined ? null : messageOf(parse(answer.body));
  const known = FAILURES[answer.status];
  if (answer.status >= 500) {
    return failed(url, "internal_server_error", message ?? `it answers ${answer.status}`);
  }
  return failed(url, known?.[0] ?? "invalid_function", message ?? known?.[1] ?? `it answers ${answer.status}`);
}

function messageOf(value: unknown): string | null {
  if (!isJsonObject(value)) return null;
  const text = value["message"] ?? value["error"];
  if (typeof text !== "string" || text === "") return null;
  const { fix } = value; // What to do, where the app knows it.
  return (typeof fix === "string" ? `${text} ${fix}` : text).slice(0, 1_000);
}

/** Nobody answering is final; anything else may be an app that only knows the other way. */
function mayBeOutOfBand(error: unknown): boolean {
  return isStepwellError(error) && error.code === "sync_failed" && !FINAL.has(String(error.details["failure"]));
}

const FINAL: ReadonlySet<string> = new Set(["unreachable", "url_not_found", "unsupported_protocol"]);

function failed(url: string, failure: string, reason: string): StepwellError {
  return new StepwellError("sync_failed", { url: shownUrl(url), failure, reason });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined; // No JSON: the status decides.
  }
}
