/**
 * `GET /v1/feed`: what is committed, as server-sent events, for whoever follows along.
 *
 *   FE1. A slow client costs at most its queue: what does not fit is counted, and told in one `dropped` event. One that reads
 *        nothing for a while is closed.
 *   FE2. No payloads: ids, names and states.
 *   FE3. Entries are told a window at a time, `WINDOW_MS` after they happened at the latest, and written once for all clients.
 *        A server that nobody follows writes none at all.
 *   FE4. A client that comes back with `Last-Event-ID` is told what it missed, as far as the history reaches; else that it
 *        missed something (`dropped`).
 *   FE5. Who follows one run (`?run=`) is told everything of it, also when a window has too much for the others.
 *   FE6. Whoever may not read any more (logged out, revoked) is let go of at the next heartbeat.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Notice } from "../core/batch.ts";
import { isoTime } from "../core/instant.ts";
import { StepwellError } from "../protocol/errors.ts";
import { ulidTime } from "../protocol/ids.ts";
import type { Principal } from "./access/caller.ts";
import { authorize } from "./api/authorize.ts";
import { RAW_ROUTES } from "./api/raw-routes.ts";
import { entryOf } from "./api/route.ts";
import type { ServerContext } from "./context.ts";
import { errorReply } from "./error-reply.ts";
import { FeedHistory, type Told } from "./feed-history.ts";
import { condense, type FeedNotice } from "./feed-window.ts";
import type { LinesStored } from "./logs/log-intake.ts";
import { answerJson } from "./raw-reply.ts";

export const FEED_ROUTE = "/v1/feed";

const ENTRY = entryOf(RAW_ROUTES, "followFeed");
const QUEUE_BYTES_MAX = 1024 * 1024;
const CLIENTS_MAX = 256;
const HEARTBEAT_MS = 15_000;
/** What happens within it is told together. */
const WINDOW_MS = 100;
/** Notices of one window that are kept until it ends; more are only counted. */
const WINDOW_NOTICES_MAX = 20_000;
/** How long what happens is still kept after the last client has gone: it may come back. */
const LINGER_MS = 60_000;
/** A client whose queue is full for so long is not coming back. */
const STUCK_MS = 60_000;

type FeedContext = Pick<ServerContext, "access" | "log"> & {
  readonly engine: { readonly apps: Pick<ServerContext["engine"]["apps"], "anyFunction"> };
};

interface Client {
  readonly response: ServerResponse;
  /** Null: everything. */
  readonly runId: string | null;
  readonly principal: Principal | null;
  dropped: number;
  /** Since when its queue is full. */
  stuckAt: number | null;
}

export class Feed {
  readonly #context: FeedContext;
  readonly #clients = new Set<Client>();
  readonly #history = new FeedHistory(randomBytes(4).toString("hex"));
  #waiting: FeedNotice[] = [];
  /** Of the window that is open: how many were not even kept. */
  #notKept = 0;
  #window: NodeJS.Timeout | null = null;
  #toldAt = 0;
  #heartbeat: NodeJS.Timeout | null = null;
  #followedUntil = 0;
  #isClosed = false;

  constructor(context: FeedContext) {
    this.#context = context;
  }

  open(request: IncomingMessage, response: ServerResponse, common: readonly string[]): void {
    let principal: Principal | null;
    try {
      ({ principal } = authorize(this.#context, ENTRY, request));
      if (this.#clients.size >= CLIENTS_MAX) {
        throw new StepwellError("server_overloaded", { count: this.#clients.size, limit: CLIENTS_MAX });
      }
    } catch (error) {
      const { status, body } = errorReply(error, this.#context.log);
      answerJson(response, status, JSON.stringify(body), common);
      return;
    }
    response.writeHead(200, [...common, "content-type", "text/event-stream", "cache-control", "no-store"]);
    const runId = new URLSearchParams(request.url?.split("?")[1] ?? "").get("run");
    const client: Client = { response, runId, principal, dropped: 0, stuckAt: null };
    const lastId = request.headers["last-event-id"];
    response.write(": connected\n\n");
    if (typeof lastId === "string" && lastId !== "") this.#catchUp(client, lastId);
    this.#clients.add(client);
    response.on("close", () => this.#leave(client));
    response.on("drain", () => this.#drained(client));
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  publish(notices: readonly Notice[]): void {
    this.#publish(notices);
  }

  /** Lines of handlers were stored. */
  publishLines(runs: readonly LinesStored[]): void {
    this.#publish(
      runs.map(({ runId, functionId, lastId, stored, dropped, level }) => {
        const at = lastId === null ? Date.now() : ulidTime(lastId);
        const shared = { kind: "logs_stored", runId, functionId, name: "", at } as const;
        return { ...shared, id: lastId ?? runId, status: level, lines: stored, dropped };
      }),
    );
  }

  close(): void {
    this.#isClosed = true;
    if (this.#window !== null) clearTimeout(this.#window);
    this.#window = null;
    this.#tell();
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
  }

  #publish(notices: readonly FeedNotice[]): void {
    if (this.#isClosed) return;
    if (this.#clients.size === 0 && Date.now() > this.#followedUntil) {
      this.#history.skip(notices.length); // FE3
      return;
    }
    const room = WINDOW_NOTICES_MAX - this.#waiting.length;
    for (const notice of room >= notices.length ? notices : notices.slice(0, room)) this.#waiting.push(notice);
    this.#notKept += Math.max(notices.length - room, 0);
    // What happens after a pause is told at once, with what was committed together with it.
    const delayMs = Math.max(WINDOW_MS - (Date.now() - this.#toldAt), 0);
    this.#window ??= setTimeout(() => {
      this.#window = null;
      this.#tell();
    }, delayMs);
  }

  #tell(): void {
    this.#toldAt = Date.now();
    const notices = this.#waiting;
    const notKept = this.#notKept;
    this.#waiting = [];
    this.#notKept = 0;
    if (notices.length === 0) return;
    const { entries, leftOut } = condense(notices);
    // Whoever comes back from before this is told that something is missing (FE4).
    if (leftOut + notKept > 0) this.#history.skip(leftOut + notKept);
    const told = entries.map((notice) => this.#history.add(notice.runId, (id) => this.#text(notice, id)));
    this.#history.trim();
    const text = Buffer.from(told.map((one) => one.text).join(""));
    for (const client of this.#clients) {
      if (client.runId === null) this.#write(client, text, told.length, leftOut + notKept);
      else this.#tellRun(client, client.runId, notices, leftOut === 0 ? told : null, notKept);
    }
  }

  /** FE5. What the others were told of the run serves here too, unless something of it was left out. */
  #tellRun(
    client: Client,
    runId: string,
    notices: readonly FeedNotice[],
    told: readonly Told[] | null,
    notKept: number,
  ): void {
    const texts =
      told === null
        ? notices.filter((notice) => notice.runId === runId).map((notice) => this.#text(notice, null))
        : told.filter((one) => one.runId === runId).map((one) => one.text);
    if (texts.length > 0 || notKept > 0) this.#write(client, Buffer.from(texts.join("")), texts.length, notKept);
  }

  /** FE1. */
  #write(client: Client, text: Buffer, count: number, leftOut: number): void {
    client.dropped += leftOut;
    if (client.response.writableLength + text.length > QUEUE_BYTES_MAX) {
      client.dropped += count;
      client.stuckAt ??= Date.now();
      return;
    }
    client.response.write(text);
    if (client.dropped > 0) this.#tellDropped(client);
  }

  #drained(client: Client): void {
    client.stuckAt = null;
    if (client.dropped > 0) this.#tellDropped(client);
  }

  #tellDropped(client: Client): void {
    client.response.write(droppedText(client.dropped));
    client.dropped = 0;
  }

  /** FE4. */
  #catchUp(client: Client, lastId: string): void {
    const missed = this.#history.since(lastId);
    if ("lost" in missed) {
      client.response.write(droppedText(missed.lost));
      return;
    }
    const wanted = missed.entries.filter((one) => client.runId === null || one.runId === client.runId);
    if (wanted.length > 0) client.response.write(wanted.map((one) => one.text).join(""));
  }

  #beat(): void {
    const now = Date.now();
    const { access } = this.#context;
    for (const client of this.#clients) {
      if (client.principal !== null && access.present(client.principal) === null)
        client.response.end(); // FE6
      else if (client.stuckAt !== null && now - client.stuckAt > STUCK_MS) client.response.destroy();
      else if (client.response.writableLength === 0) client.response.write(": alive\n\n");
    }
  }

  #leave(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#followedUntil = Date.now() + LINGER_MS;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }

  /** Without an id where it has no number of its own (FE5): the client goes on from the last one that had. */
  #text(notice: FeedNotice, id: string | null): string {
    const { kind, id: subject, runId, functionId, name, status, at } = notice;
    const fn = functionId === null ? null : (this.#context.engine.apps.anyFunction(functionId)?.fn.slug ?? null);
    const counts = kind === "logs_stored" ? { lines: notice.lines, dropped: notice.dropped } : {};
    const data = { kind, id: subject, run_id: runId, function: fn, name, status, at: isoTime(at), ...counts };
    return `${id === null ? "" : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}

/** Null: nobody knows how many. */
const droppedText = (count: number | null): string => `event: dropped\ndata: {"count":${count}}\n\n`;
