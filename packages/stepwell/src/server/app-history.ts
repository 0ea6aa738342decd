/**
 * What each sync of an app changed, told from the versions that its functions have had.
 *
 *   AH1. A sync that changed nothing left no version, so it is not part of the history.
 *   AH2. The answer is bounded: `VERSIONS_MAX` versions of a function, and `CHANGES_MAX` lines of a change.
 */
import type { StoredFunction } from "../core/batch.ts";
import type { Instant } from "../core/instant.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import { canonicalJson, isJsonObject, type JsonValue } from "../protocol/json.ts";
import type { FunctionVersion, Store } from "../store/store.ts";

export interface ConfigChange {
  /** Where in the configuration: `triggers[0].event`. */
  readonly path: string;
  /** Undefined: it was not there. */
  readonly before: JsonValue | undefined;
  /** Undefined: it is not there any more. */
  readonly after: JsonValue | undefined;
}

export interface FunctionChange {
  readonly slug: string;
  readonly kind: "added" | "changed" | "removed";
  readonly version: number;
  readonly changes: readonly ConfigChange[];
}

export interface AppSync {
  readonly at: Instant;
  readonly functions: readonly FunctionChange[];
}

const VERSIONS_MAX = 20;
const CHANGES_MAX = 50;

/** The newest first. */
export async function appHistory(
  store: Pick<Store, "loadRegistry" | "listFunctionVersions">,
  appId: string,
  limit: number,
): Promise<AppSync[]> {
  const { functions } = await store.loadRegistry();
  const own = functions.filter(({ fn }) => fn.appId === appId);
  const syncs = new Map<Instant, FunctionChange[]>();
  const note = (at: Instant, change: FunctionChange) => syncs.set(at, [...(syncs.get(at) ?? []), change]);
  for (const stored of own) {
    const versions = await store.listFunctionVersions(stored.fn.id, VERSIONS_MAX + 1);
    for (const [at, change] of changesOf(stored, versions)) note(at, change);
  }
  return [...syncs]
    .sort(([a], [b]) => b - a)
    .slice(0, limit)
    .map(([at, changed]) => ({ at, functions: changed.sort((a, b) => (a.slug < b.slug ? -1 : 1)) }));
}

function changesOf(
  { fn, version, isArchived, changedAt }: StoredFunction,
  newestFirst: readonly FunctionVersion[],
): (readonly [Instant, FunctionChange])[] {
  const changes = newestFirst.slice(0, VERSIONS_MAX).flatMap((one, index): (readonly [Instant, FunctionChange])[] => {
    const before = newestFirst[index + 1];
    if (before === undefined && one.version !== 1) return []; // AH2: what it was before is not known here.
    const kind = before === undefined ? "added" : "changed";
    const lines = before === undefined ? [] : diffOf(before.config, one.config);
    return [[one.changedAt, { slug: one.config.slug, kind, version: one.version, changes: lines }]];
  });
  if (!isArchived) return changes;
  return [...changes, [changedAt, { slug: fn.slug, kind: "removed", version, changes: [] }]];
}

/** What a person would call the configuration: as it was registered, with its address. */
export function diffOf(before: FunctionConfig, after: FunctionConfig): ConfigChange[] {
  const left = linesOf({ url: before.url, ...before.raw });
  const right = linesOf({ url: after.url, ...after.raw });
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort();
  return paths
    .filter((path) => canonicalJson(left.get(path) ?? null) !== canonicalJson(right.get(path) ?? null))
    .slice(0, CHANGES_MAX)
    .map((path) => ({ path, before: left.get(path), after: right.get(path) }));
}

/** Each value that is no object or list, by its path. */
function linesOf(value: JsonValue, path = "", lines = new Map<string, JsonValue>()): ReadonlyMap<string, JsonValue> {
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) linesOf(inner, `${path}[${index}]`, lines);
  } else if (isJsonObject(value)) {
    for (const [key, inner] of Object.entries(value)) linesOf(inner, path === "" ? key : `${path}.${key}`, lines);
  } else lines.set(path, value);
  return lines;
}
