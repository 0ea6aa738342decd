/**
 * Functions of this process as apps the engine knows. They are registered through the same reading as over HTTP, so
 * that the same mistakes are found; only their address differs: `inproc:` instead of a URL.
 */
import type { AppConfig } from "../protocol/function.ts";
import { SDK_TAG } from "../protocol/version.ts";
import { Stepwell } from "../sdk/client.ts";
import type { AnyFunction } from "../sdk/function.ts";
import { registrationsOf } from "../sdk/register-config.ts";
import { type Registration, readRegistration } from "../server/register.ts";

const IN_PROCESS_SCHEME = "inproc";

/** Registrations carry an address; what stands there until it is replaced. */
const PLACEHOLDER_URL = "http://localhost/";

export interface InProcessApp {
  readonly client: Stepwell;
  readonly functions: readonly AnyFunction[];
}

/** Functions by the app they belong to, with that app's client: one of those given, or one made for it. */
export function appsOf(functions: readonly AnyFunction[], clients: readonly Stepwell[]): InProcessApp[] {
  const byApp = new Map<string, AnyFunction[]>();
  for (const fn of functions) {
    const appId = fn.slug.slice(0, -(fn.id.length + 1)); // `<app id>-<function id>`
    byApp.set(appId, [...(byApp.get(appId) ?? []), fn]);
  }
  return [...byApp].map(([id, own]) => ({
    client: clients.find((client) => client.id === id) ?? new Stepwell({ id }),
    functions: own,
  }));
}

/** Throws `function_config_invalid`, with every problem of every function. */
export function registrationOf({ client, functions }: InProcessApp): Registration {
  const { app, checksum } = readRegistration({
    url: PLACEHOLDER_URL,
    appName: client.id,
    appVersion: client.options.appVersion ?? null,
    sdk: SDK_TAG,
    framework: "in-process",
    functions: functions.flatMap((fn) => registrationsOf(fn, PLACEHOLDER_URL)),
  });
  const here: AppConfig = {
    ...app,
    url: `${IN_PROCESS_SCHEME}:${app.id}`,
    functions: app.functions.map((fn) => ({ ...fn, url: callUrlOf(app.id, fn.slug) })),
  };
  return { app: here, checksum };
}

export const callUrlOf = (appId: string, slug: string): string => `${IN_PROCESS_SCHEME}:${appId}/${slug}`;
