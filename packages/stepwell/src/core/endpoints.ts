/**
 * An endpoint begins a run: its app and function are made when they are new, the request becomes the run's event, and
 * what the endpoint has done already is recorded, all in one transition.
 *
 *   EB1. An endpoint asks again when it got no answer. The same request under the same run id is the same run, and the
 *        answer is the same; another request under a known id is refused.
 *   EB2. An origin has a bounded number of functions: paths with ids in them would make one for each. The rest share one.
 */

import type { FunctionConfig } from "../protocol/function.ts";
import { canonicalJson, type JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Apps } from "./apps.ts";
import type { StoredApp } from "./batch.ts";
import type { CreateEndpointRun, EndpointAnswer } from "./command.ts";
import type { Facts } from "./facts.ts";
import { type LinksHome, receivedAt, receivedNotice } from "./links.ts";
import { holdRun, isEndpointRun, saveEndpointSteps } from "./run/endpoint.ts";

/** URLs of endpoints, and of the apps made for them, begin so; what follows is the origin. */
export const ENDPOINT_SCHEME = "endpoint";

const isEndpointApp = ({ app }: StoredApp): boolean => app.url.startsWith(`${ENDPOINT_SCHEME}:`);

type Refused = EndpointAnswer & { readonly kind: "refused" };

/** `isKnown`: there is a run with this id, though perhaps in quarantine. */
export function createEndpointRun(
  home: LinksHome,
  command: CreateEndpointRun,
  isKnown: boolean,
  facts: Facts,
): EndpointAnswer {
  if (isKnown) return createAgain(home, command);
  const place = placeEndpoint(home.apps, command);
  if (place.kind === "refused") return place;
  const { fn } = place;
  if (!place.isServed) {
    const change = home.apps.serve(command.app, fn, home.now());
    home.batch().apps.push(...change.apps);
    home.batch().functions.push(change.fn);
  }
  const pause = home.apps.pauseOf(fn.id);
  if (pause === "skip" || pause === "reject") {
    return { kind: "refused", code: "function_paused", details: { function: fn.slug } };
  }
  const earlier = keyed(command, facts);
  return earlier === null ? begin(home, fn, command, facts) : exists(earlier);
}

/** EB1. */
function createAgain(home: LinksHome, { runId, event, ops }: CreateEndpointRun): EndpointAnswer {
  const run = home.open(runId);
  const isSame = run !== undefined && isEndpointRun(run);
  if (!isSame || dataOf(run.events[0]!.json) !== canonicalJson(event.parsed["data"] ?? null)) return exists(runId);
  saveEndpointSteps(home.context, run, ops);
  return { kind: "created", functionId: run.functionId, appId: home.apps.appIdOf(run.functionId) };
}

const dataOf = (json: string): string => canonicalJson((JSON.parse(json) as JsonObject)["data"] ?? null);
const exists = (runId: string): Refused => ({ kind: "refused", code: "run_exists", details: { run: runId } });

/** Where a run belongs; `isServed` false: it has to be registered first. */
type EndpointPlace = { readonly kind: "found"; readonly fn: FunctionConfig; readonly isServed: boolean } | Refused;

function placeEndpoint(apps: Apps, { app, fn, shared }: CreateEndpointRun): EndpointPlace {
  const known = apps.functionOf(fn.id);
  if (known?.url === fn.url && known.retries === fn.retries) return { kind: "found", fn: known, isServed: true };
  const all = [...apps.stored()];
  const existing = all.find((one) => one.app.id === app.id);
  const count = apps.functionCount(app.id);
  if (existing !== undefined && count > 0 && !isEndpointApp(existing)) {
    return { kind: "refused", code: "body_invalid", details: { reason: `the app ${app.id} is not one of endpoints` } };
  }
  if (existing === undefined && all.filter(isEndpointApp).length >= LIMITS.endpointAppsMax) {
    return { kind: "refused", code: "too_many_endpoint_apps", details: { limit: LIMITS.endpointAppsMax } };
  }
  const isFull = known === undefined && count >= LIMITS.endpointFunctionsMax; // EB2
  const mine = isFull ? shared : fn;
  return { kind: "found", fn: mine, isServed: isFull && apps.functionOf(shared.id) !== undefined };
}

/** The run that the key has begun before. */
function keyed({ fn, idempotencyKey }: CreateEndpointRun, facts: Facts): string | null {
  return idempotencyKey === null ? null : facts.flow(keyFact(fn, idempotencyKey));
}

const keyFact = (fn: FunctionConfig, key: string) => ({ kind: "idempotency", functionId: fn.id, key }) as const;

function begin(home: LinksHome, fn: FunctionConfig, command: CreateEndpointRun, facts: Facts): EndpointAnswer {
  const { runId, event, ops, idempotencyKey } = command;
  home.batch().events.push(receivedAt(event.stored, home.context.stamp));
  home.batch().notices.push(receivedNotice(event.stored, home.now()));
  const { id, name, json } = event.stored;
  const events = [{ id, name, json }];
  const fields = { functionId: fn.id, events, cron: null, originalRunId: null, parent: null, startAt: home.now() };
  const run = home.starter.create(fields, runId);
  facts.noteRun(runId);
  holdRun(home.context, run, command.requestVersion);
  if (idempotencyKey !== null) {
    const fact = keyFact(command.fn, idempotencyKey);
    facts.noteFlow(fact, runId);
    home.batch().flow.push({ ...fact, value: runId, expiresAt: home.now() + LIMITS.dedupeMs });
  }
  saveEndpointSteps(home.context, run, ops);
  return { kind: "created", functionId: fn.id, appId: fn.appId };
}
