/** Looks whether an app answers at an address: a GET whose answer names an SDK. */
import { HEADERS } from "../protocol/headers.ts";
import type { Probe } from "./discovery.ts";
import { type HttpAnswer, type HttpRequest, splitUrl } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";

const PROBE_MS_MAX = 2_000;
const PROBE_BYTES_MAX = 1024 * 1024;

export function createProbe(send: (request: HttpRequest) => Promise<HttpAnswer>): Probe {
  return async (url) => {
    try {
      const answer = await send({
        method: "GET",
        ...splitUrl(new URL(url)),
        headers: [],
        body: null,
        timeoutMs: PROBE_MS_MAX,
        bodyBytesMax: PROBE_BYTES_MAX,
      });
      return answer.header(HEADERS.sdk) === undefined ? "other" : "app";
    } catch (error) {
      return error instanceof HttpFailure && (error.kind === "unreachable" || error.kind === "timeout")
        ? "closed"
        : "other";
    }
  };
}
