/**
 * Registrations: the body of `POST /fn/register`, or the reply to an in-band sync, as one app's configuration.
 *
 *   RG1. One invalid function refuses the whole registration, and every problem of every function is listed.
 *   RG2. The checksum does not depend on the order of functions: some SDKs send them in any order.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { StepwellError } from "../protocol/errors.ts";
import type { AppConfig, FunctionConfig } from "../protocol/function.ts";
import { canonicalJson, isJsonObject } from "../protocol/json.ts";
import { normalizeAppUrl, shownUrl } from "./app-url.ts";
import { readFunction } from "./function-config.ts";
import { looseObject, optionalText } from "./loose-object.ts";

export interface Registration {
  readonly app: AppConfig;
  readonly checksum: string;
}

const PROBLEMS_SHOWN_MAX = 50;
const APP_ID_CHARS_MAX = 255;

const anyText = optionalText(z.string().refine((value) => !/\p{Surrogate}/u.test(value), "it is not proper Unicode"));

const envelope = looseObject({
  url: z.string(),
  appName: anyText,
  appVersion: anyText,
  sdk: anyText,
  framework: anyText,
  deployType: anyText,
  functions: z.array(z.unknown()).default([]),
});

/** Reads the body of a registration; throws a coded error that lists everything wrong with it. */
export function readRegistration(body: unknown): Registration {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new StepwellError("body_invalid", { reason: `${issue.path.join(".") || "it"}: ${issue.message}` });
  }
  const { appName, sdk = "", framework = "", appVersion, functions } = parsed.data;
  if (appName === undefined) throw new StepwellError("app_id_required");
  refuseDenied(sdk);
  const problems: string[] = [];
  if (appName.length > APP_ID_CHARS_MAX) problems.push(`app: its id has more than ${APP_ID_CHARS_MAX} characters`);
  const url = normalizeAppUrl(parsed.data.url);
  if (url === null)
    problems.push(
      `app: url ${JSON.stringify(shownUrl(parsed.data.url).slice(0, 128))}: it must be an http or https URL`,
    );
  const configs = readFunctions(functions, appName, problems);
  if (problems.length > 0) throw configInvalid(problems); // RG1
  const app: AppConfig = { id: appName, url: url!, sdk, framework, version: appVersion ?? null, functions: configs };
  return { app, checksum: createHash("sha256").update(canonicalJson(app)).digest("hex") };
}

/** An in-band reply as the body of a registration. `url` is the address asked, for SDKs that do not say theirs. */
export function registrationOfInBand(reply: unknown, url: string): unknown {
  if (!isJsonObject(reply)) return reply;
  const { app_id, sdk, sdk_language, sdk_version, framework, appVersion, functions } = reply;
  const tag =
    typeof sdk === "string" && sdk !== "" ? sdk : `${String(sdk_language ?? "")}:v${String(sdk_version ?? "")}`;
  return {
    url: typeof reply["url"] === "string" && reply["url"] !== "" ? reply["url"] : url,
    appName: app_id ?? null,
    sdk: tag,
    framework: framework ?? null,
    appVersion: appVersion ?? null,
    functions: functions ?? null,
  };
}

function readFunctions(values: readonly unknown[], appId: string, problems: string[]): FunctionConfig[] {
  const bySlug = new Map<string, FunctionConfig>();
  for (const [index, value] of values.entries()) {
    const reading = readFunction(value, appId, index);
    if (reading.config === undefined) problems.push(...reading.problems);
    else if (bySlug.has(reading.config.slug)) problems.push(`function ${reading.config.slug}: it is registered twice`);
    else bySlug.set(reading.config.slug, reading.config);
  }
  return [...bySlug.values()].sort((left, right) => (left.slug < right.slug ? -1 : 1)); // RG2
}

function configInvalid(problems: readonly string[]): StepwellError {
  const rest = problems.length - PROBLEMS_SHOWN_MAX;
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
  return new StepwellError("function_config_invalid", { problems: shown });
}

/** Versions 3.22.0 to 3.53.1 of the TypeScript SDK have a known vulnerability. */
function refuseDenied(sdk: string): void {
  const match = /^(?:inngest-)?js:v?(\d+)\.(\d+)\.(\d+)/.exec(sdk);
  if (match === null || Number(match[1]) !== 3) return;
  const minor = Number(match[2]);
  const isDenied = minor >= 22 && (minor < 53 || (minor === 53 && Number(match[3]) <= 1));
  if (isDenied) throw new StepwellError("sdk_version_denied", { version: sdk.slice(0, 64) });
}
