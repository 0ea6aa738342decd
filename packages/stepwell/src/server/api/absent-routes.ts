/**
 * What the protocol names and this server does not offer: said with a code, so that nobody takes it for a wrong address,
 * and an SDK's step that asks for it fails with the reason.
 */
import { StepwellError } from "../../protocol/errors.ts";
import { runId } from "./params.ts";
import { type Method, type Route, route, type Shape } from "./route.ts";

function absent(method: Method, path: string, operationId: string, what: string, params: Shape = {}): Route {
  return route({
    method,
    path,
    operationId,
    summary: `${what}: not offered`,
    tag: "SDK",
    scope: method === "GET" ? "read" : "operate",
    isForApps: true,
    family: "bare",
    params,
    replies: {},
    errors: ["feature_absent"],
    handler() {
      throw new StepwellError("feature_absent", { what });
    },
  });
}

export const ABSENT_ROUTES = [
  absent("POST", "/v1/runs/:id/metadata", "addRunMetadata", "Metadata of runs", { id: runId }),
  absent("POST", "/v1/traces/userland", "sendUserlandTraces", "Traces of applications"),
];
