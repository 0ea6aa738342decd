/**
 * `GET /v1/feed`: what is committed, as server-sent events, for whoever follows along.
 *
 *   FE1. A slow client costs at most its queue: what does not fit is counted, and told in one `dropped` event.
 *   FE2. No payloads: ids, names and states.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Notice } from "../core/batch.ts";
import { isoTime } from "../core/instant.ts";
import { StepwellError } from "../protocol/errors.ts";
import type { ServerContext } from "./context.ts";
import { errorReply } from "./error-reply.ts";
import { answerJson } from "./raw-reply.ts";

export const FEED_ROUTE = "/v1/feed";

const QUEUE_BYTES_MAX = 1024 * 1024;
const CLIENTS_MAX = 256;
const HEARTBEAT_MS = 15_000;

type FeedContext = Pick<ServerContext, "gate" | "log"> & {
  readonly engine: { readonly apps: Pick<ServerContext["engine"]["apps"], "anyFunction"> };
};

export class Feed {
  readonly #context: FeedContext;
  readonly #clients = new Set<ServerResponse>();
  readonly #dropped = new Map<ServerResponse, number>();
  #heartbeat: NodeJS.Timeout | null = null;

  constructor(context: FeedContext) {
    this.#context = context;
  }

  open(request: IncomingMessage, response: ServerResponse, common: readonly string[]): void {
    try {
      this.#context.gate.checkBearer(request.headers.authorization);
      if (this.#clients.size >= CLIENTS_MAX) {
        throw new StepwellError("server_overloaded", { count: this.#clients.size, limit: CLIENTS_MAX });
      }
    } catch (error) {
      const { status, body } = errorReply(error, this.#context.log);
      answerJson(response, status, JSON.stringify(body), common);
      return;
    }
    response.writeHead(200, [...common, "content-type", "text/event-stream", "cache-control", "no-store"]);
    response.write(": connected\n\n");
    this.#clients.add(response);
    response.on("close", () => this.#leave(response));
    response.on("drain", () => this.#tellDropped(response));
    this.#heartbeat ??= setInterval(() => this.#send(": alive\n\n", 0), HEARTBEAT_MS).unref();
  }

  publish(notices: readonly Notice[]): void {
    if (this.#clients.size === 0) return;
    this.#send(notices.map((notice) => this.#text(notice)).join(""), notices.length);
  }

  close(): void {
    for (const client of this.#clients) client.end();
    this.#clients.clear();
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
  }

  #send(text: string, count: number): void {
    for (const client of this.#clients) {
      if (client.writableLength + text.length <= QUEUE_BYTES_MAX) client.write(text);
      else this.#dropped.set(client, (this.#dropped.get(client) ?? 0) + count); // FE1
    }
  }

  #tellDropped(client: ServerResponse): void {
    const count = this.#dropped.get(client) ?? 0;
    if (count === 0) return;
    this.#dropped.delete(client);
    client.write(`event: dropped\ndata: {"count":${count}}\n\n`);
  }

  #leave(client: ServerResponse): void {
    this.#clients.delete(client);
    this.#dropped.delete(client);
    if (this.#clients.size > 0 || this.#heartbeat === null) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }

  #text({ kind, id, runId, functionId, name, status, at }: Notice): string {
    const fn = functionId === null ? null : (this.#context.engine.apps.anyFunction(functionId)?.fn.slug ?? null);
    const data = { kind, id, run_id: runId, function: fn, name, status, at: isoTime(at) };
    return `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}
