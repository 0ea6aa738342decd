/** A gateway and servers of the outside world for it to ask. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { RequestOutcome } from "../../src/core/run/request.ts";
import type { JsonObject } from "../../src/protocol/json.ts";
import { createGateway, type GatewayOptions } from "../../src/server/gateway/gateway.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server of the outside world; what it was asked is in `seen`. */
export async function startWorld(answer: (request: Seen, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = request;
    seen.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
    answer(seen.at(-1)!, response);
  };
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { seen, port, origin: `http://127.0.0.1:${port}` };
}

/** A gateway that closes with the test. */
export function gateway(options: Partial<GatewayOptions> = {}) {
  const made = createGateway({ allowPrivate: true, timeoutMs: 2_000, ...options });
  onTestFinished(() => made.close());
  const ask = (kind: "fetch" | "ai", opts: JsonObject, signal = new AbortController().signal) =>
    made.request({ runId: "R", step: "s", kind, opts, attempt: 0 }, signal);
  return { ask, close: () => made.close() };
}

export function dataOf(outcome: RequestOutcome): Record<string, unknown> {
  if (outcome.kind === "failed") throw new Error(outcome.error.message);
  return JSON.parse(outcome.data) as Record<string, unknown>;
}

export function failureOf(outcome: RequestOutcome) {
  if (outcome.kind === "done") throw new Error(`it was done: ${outcome.data}`);
  return outcome;
}

export const codeOf = (outcome: RequestOutcome) => failureOf(outcome).error.code;
