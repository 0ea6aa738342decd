import { expect, test } from "vitest";
import { readTracingConfig } from "./otel-config.ts";

const read = (env: Record<string, string>) => {
  const warnings: string[] = [];
  return { config: readTracingConfig(env, { warn: (text: string) => void warnings.push(text) }), warnings };
};

test("without an endpoint there is no tracing, and two variables turn it off", () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" };
  expect(read({}).config).toBe(null);
  expect(read({ ...endpoint, OTEL_SDK_DISABLED: "true" }).config).toBe(null);
  expect(read({ ...endpoint, OTEL_TRACES_EXPORTER: "none" }).config).toBe(null);
});

test("the usual variables, and those of traces before them", () => {
  const { config, warnings } = read({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318/",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20x,broken, team = a",
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment=prod",
    OTEL_SERVICE_NAME: "shop",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  });
  expect(config).toEqual({
    url: "http://localhost:4318/v1/traces",
    headers: { authorization: "Bearer x", team: "a" },
    timeoutMs: 500,
    serviceName: "shop",
    resource: { "service.name": "other", "deployment.environment": "prod" },
    ratio: 0.25,
  });
  expect(warnings).toHaveLength(1);
  const own = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://b/traces" };
  expect(read(own).config).toMatchObject({ url: "https://b/traces", serviceName: "stepwell", ratio: 1 });
});

test("an address that is none is told, and the server works on", () => {
  const { config, warnings } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4317" });
  expect([config, warnings.length]).toEqual([null, 1]);
});
