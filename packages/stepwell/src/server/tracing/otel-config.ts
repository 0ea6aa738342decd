/** Where traces go: the variables that OpenTelemetry has for it. Without an endpoint there is no tracing at all. */
import type { ServerLog } from "../log.ts";

export interface TracingConfig {
  /** The whole address, path included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly serviceName: string;
  /** Attributes of whoever reports, beside its name. */
  readonly resource: Readonly<Record<string, string>>;
  /** The share of runs that are traced, from 0 to 1. */
  readonly ratio: number;
}

/** What an engine in an application asks for: that it says nowhere to is worth a word. */
export function wantedTracingConfig(log: Pick<ServerLog, "warn">): TracingConfig | null {
  const config = readTracingConfig(process.env, log);
  if (config === null) log.warn("no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT says nowhere to");
  return config;
}

type Environment = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 10_000;

/** Null: tracing is off. */
export function readTracingConfig(env: Environment, log: Pick<ServerLog, "warn">): TracingConfig | null {
  const own = text(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const base = text(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  const isOff = /^true$/i.test(env["OTEL_SDK_DISABLED"] ?? "") || env["OTEL_TRACES_EXPORTER"] === "none";
  if (isOff || (own === undefined && base === undefined)) return null;
  const url = own ?? `${base!.replace(/\/+$/, "")}/v1/traces`;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    log.warn("tracing is off: the OTLP endpoint is not an http address", { url });
    return null;
  }
  const protocol = text(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? text(env, "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol !== undefined && protocol !== "http/json") {
    log.warn("traces are sent as http/json, which collectors take on the port of http/protobuf", { protocol });
  }
  const resource = pairs(env["OTEL_RESOURCE_ATTRIBUTES"]);
  return {
    url,
    headers: pairs(text(env, "OTEL_EXPORTER_OTLP_TRACES_HEADERS") ?? env["OTEL_EXPORTER_OTLP_HEADERS"]),
    timeoutMs: number(env, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", number(env, "OTEL_EXPORTER_OTLP_TIMEOUT", TIMEOUT_MS)),
    serviceName: text(env, "OTEL_SERVICE_NAME") ?? resource["service.name"] ?? "stepwell",
    resource,
    ratio: ratioOf(env),
  };
}

function ratioOf(env: Environment): number {
  const sampler = (env["OTEL_TRACES_SAMPLER"] ?? "").replace(/^parentbased_/, "");
  if (sampler === "always_off") return 0;
  return sampler === "traceidratio" ? Math.min(number(env, "OTEL_TRACES_SAMPLER_ARG", 1), 1) : 1;
}

const text = (env: Environment, name: string): string | undefined => env[name] || undefined;

function number(env: Environment, name: string, otherwise: number): number {
  const value = Number(env[name] || Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
}

/** `a=b,c=d`, percent-encoded. */
function pairs(value: string | undefined): Record<string, string> {
  const entries = (value ?? "").split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())] as const];
  });
  return Object.fromEntries(entries);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
