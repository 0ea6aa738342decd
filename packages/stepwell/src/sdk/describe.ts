/** What an app tells about itself: introspection, registration, and the answer to an in-band sync. */
import { sha256Hex, utf8ToBytes } from "../protocol/hash.ts";
import type { JsonObject } from "../protocol/json.ts";
import { INTROSPECTION_SCHEMA, type InBandReply, type RegisterRequest } from "../protocol/register.ts";
import { hashedSigningKey } from "../protocol/signature.ts";
import { SDK_TAG, VERSION } from "../protocol/version.ts";
import type { App } from "./app.ts";
import { registrationsOf } from "./register-config.ts";
import type { Settings } from "./settings.ts";

const CAPABILITIES = { in_band_sync: "v1", trust_probe: "v1" };

/** What anybody may see of an app in development. */
export function introspection(app: App, settings: Settings, isAuthenticated: boolean | null): JsonObject {
  return {
    authentication_succeeded: isAuthenticated,
    extra: { native_crypto: true },
    function_count: app.functions.size,
    has_event_key: settings.eventKey !== null,
    has_signing_key: settings.signingKeys.length > 0,
    has_signing_key_fallback: settings.hasFallbackKey,
    mode: settings.isDev ? "dev" : "cloud",
    schema_version: INTROSPECTION_SCHEMA,
  };
}

/** What a server that proved the key may see. */
export function inspection(app: App, settings: Settings): JsonObject {
  const [key, fallback] = settings.signingKeys;
  return {
    ...introspection(app, settings, true),
    api_origin: settings.apiUrl,
    app_id: app.client.id,
    capabilities: CAPABILITIES,
    env: settings.env,
    event_api_origin: settings.eventUrl,
    event_key_hash: settings.eventKey === null ? null : sha256Hex(utf8ToBytes(settings.eventKey)).slice(0, 12),
    framework: app.framework,
    sdk_language: "stepwell",
    sdk_version: VERSION,
    serve_origin: app.serveOrigin,
    serve_path: app.servePath,
    signing_key_hash: key === undefined ? null : keyHash(key),
    signing_key_fallback_hash: fallback === undefined ? null : keyHash(fallback),
  };
}

export function registerRequest(app: App, url: string, deployId: string | null): RegisterRequest {
  const { appVersion } = app.client.options;
  return {
    url,
    v: "0.1",
    deployType: "ping",
    sdk: SDK_TAG,
    framework: app.framework,
    appName: app.client.id,
    ...(appVersion === undefined ? {} : { appVersion }),
    functions: functionsOf(app, url),
    capabilities: CAPABILITIES,
    ...(deployId === null ? {} : { deployId }),
  };
}

export function inBandReply(app: App, settings: Settings, url: string): InBandReply {
  const { appVersion } = app.client.options;
  return {
    app_id: app.client.id,
    ...(appVersion === undefined ? {} : { appVersion }),
    capabilities: CAPABILITIES,
    env: settings.env,
    framework: app.framework,
    functions: functionsOf(app, url),
    inspection: inspection(app, settings),
    platform: null,
    sdk: SDK_TAG,
    sdk_author: "stepwell",
    sdk_language: "stepwell",
    sdk_version: VERSION,
    url,
  };
}

const functionsOf = (app: App, url: string) => app.served.flatMap((fn) => registrationsOf(fn, url));

function keyHash(key: string): string {
  return (hashedSigningKey(key) ?? key).replace(/^signkey-\w+-/, "").slice(0, 12);
}
