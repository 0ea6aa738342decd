/**
 * Realtime channels: steps and apps publish, pages and services listen. Answered before the router,
 * because most of it is no JSON or holds its socket.
 *
 *   RC1. Publishing and making tokens take a key; listening takes a token, and shows what the token names and nothing else.
 *   RC2. All of it is in the memory of this process: who listens at another server is not told.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { authorize } from "../api/authorize.ts";
import { invalidBody } from "../api/read-input.ts";
import { entryOf, type Route } from "../api/route.ts";
import { parseJsonBody, readBody } from "../body.ts";
import type { ServerContext } from "../context.ts";
import { errorReply } from "../error-reply.ts";
import { answerJson } from "../raw-reply.ts";
import { Hub, type RealtimeStats, type Topic } from "./hub.ts";
import { CLOSE_CODES, SocketListener, StreamListener } from "./listener.ts";
import { publishMessage, publishStream, readAddress } from "./publication.ts";
import { REALTIME_ROUTES, TopicList } from "./realtime-routes.ts";
import { TopicTokens } from "./topic-token.ts";

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly common: readonly string[];
  readonly query: URLSearchParams;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

const PREFIX = "/v1/realtime/";
const CONNECT = entryOf(REALTIME_ROUTES, "connectRealtime");
/** A message of a client: a token, or a list of topics. */
const CLIENT_MESSAGE_BYTES_MAX = 64 * 1024;

/** Whether a request wants to become the WebSocket of a listener. */
export function isRealtimeSocket({ method, url = "", headers }: IncomingMessage): boolean {
  return method === "GET" && url.split("?", 1)[0] === CONNECT.path && headers.upgrade?.toLowerCase() === "websocket";
}

export class Realtime {
  readonly #context: ServerContext;
  readonly #tokens = new TopicTokens();
  readonly #hub = new Hub();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: CLIENT_MESSAGE_BYTES_MAX,
  });
  readonly #routes: readonly (readonly [Route, Handler])[];

  constructor(context: ServerContext) {
    this.#context = context;
    const entry = (operationId: string) => entryOf(REALTIME_ROUTES, operationId);
    this.#routes = [
      [entry("publishRealtime"), (exchange) => this.#publish(exchange)],
      [entry("createRealtimeToken"), (exchange) => this.#issue(exchange)],
      [CONNECT, (exchange) => this.#refuseConnect(exchange)],
    ];
  }

  get stats(): RealtimeStats {
    return this.#hub.stats;
  }

  /** False when the request is for somebody else. */
  answer(request: IncomingMessage, response: ServerResponse, common: readonly string[]): boolean {
    const { method, url = "/" } = request;
    if (!url.startsWith(PREFIX)) return false;
    const [path = "", query = ""] = url.split("?", 2);
    const found = this.#routes.find(([route]) => route.path === path && route.method === method);
    if (found === undefined) return false;
    void this.#handle(...found, { request, response, common, query: new URLSearchParams(query) });
    return true;
  }

  /** Server-sent events for a token of topics. Throws; the response must not have been begun. */
  listen(token: string, response: ServerResponse, common: readonly string[]): void {
    const topics = this.#tokens.check(token, Date.now());
    this.#hub.checkRoom();
    const listener = new StreamListener(response, common);
    this.#hub.listen(listener, topics);
    response.on("close", () => this.#hub.leave(listener));
  }

  /** A WebSocket; what is refused is answered over HTTP. */
  connect(request: IncomingMessage, socket: Duplex, head: Buffer, common: readonly string[]): void {
    socket.on("error", () => socket.destroy()); // The client went away.
    try {
      if (!isRealtimeSocket(request)) throw new StepwellError("websocket_required");
      authorize(this.#context, CONNECT, request);
      const topics = this.#tokens.check(tokenOf(request), Date.now());
      this.#hub.checkRoom();
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#welcome(client, topics));
    } catch (error) {
      const { status, body } = errorReply(error, this.#context.log);
      refuseUpgrade(socket, status, JSON.stringify(body), common);
    }
  }

  close(): void {
    this.#hub.close();
    this.#sockets.close();
  }

  async #handle(route: Route, handler: Handler, exchange: Exchange): Promise<void> {
    try {
      authorize(this.#context, route, exchange.request); // RC1
      await handler(exchange);
    } catch (error) {
      if (exchange.response.destroyed) return; // Nobody is there to be told.
      const { status, body } = errorReply(error, this.#context.log);
      answerJson(exchange.response, status, JSON.stringify(body), exchange.common);
    }
  }

  async #issue({ request, response, common }: Exchange): Promise<void> {
    const parsed = TopicList.safeParse(parseJsonBody(await readBody(request, LIMITS.realtimeMessageBytesMax)));
    if (!parsed.success) throw invalidBody(parsed.error);
    const topics = parsed.data.map(({ channel, name }) => ({ channel, topic: name }));
    const nowMs = Date.now();
    const jwt = this.#tokens.issue(topics, this.#context.ids.next(nowMs), nowMs);
    answerJson(response, 201, JSON.stringify({ jwt }), common);
  }

  async #publish({ request, response, common, query }: Exchange): Promise<void> {
    const address = readAddress(query);
    const isStream = /^\s*text\/stream\b/i.test(request.headers["content-type"] ?? "");
    if (isStream) await publishStream(this.#hub, address, request, this.#context.ids.next(Date.now()));
    else await publishMessage(this.#hub, address, request);
    answerJson(response, 200, '{"status":200}', common);
  }

  #refuseConnect({ request }: Exchange): void {
    this.#tokens.check(tokenOf(request), Date.now());
    throw new StepwellError("websocket_required");
  }

  #welcome(client: WebSocket, topics: readonly Topic[]): void {
    const listener = new SocketListener(client);
    this.#hub.listen(listener, topics);
    client.on("close", () => this.#hub.leave(listener));
    client.on("error", () => client.terminate()); // What it sent is no WebSocket's, or too large; `ws` has said so.
    client.on("message", (data, isBinary) => {
      const problem = isBinary ? "messages are texts" : this.#take(listener, String(data));
      if (problem !== null) listener.end(CLOSE_CODES.refused, problem);
    });
  }

  /** What a client says. Returns why it is not served any more, or null. */
  #take(listener: SocketListener, text: string): string | null {
    const message = readMessage(text);
    if (message === null) return "a message must be a JSON object with a kind";
    const { kind, data } = message;
    if (kind === "ping") listener.send(Buffer.from('{"kind":"pong"}'));
    if (kind === "sub") return this.#subscribe(listener, data);
    if (kind === "unsub") {
      const parsed = TopicList.safeParse(data);
      if (!parsed.success) return "the data of unsub must be a list of topics";
      this.#hub.unlisten(
        listener,
        parsed.data.map(({ channel, name }) => ({ channel, topic: name })),
      );
    }
    return null; // Other kinds are for servers to come.
  }

  #subscribe(listener: SocketListener, token: unknown): string | null {
    let topics: Topic[];
    try {
      topics = this.#tokens.check(typeof token === "string" ? token : "", Date.now());
    } catch {
      return "the token of sub is not valid, or no longer";
    }
    return this.#hub.listen(listener, topics) ? null : `more than ${LIMITS.realtimeTopicsMax} topics`;
  }
}

function readMessage(text: string): { readonly kind: unknown; readonly data: unknown } | null {
  try {
    const { kind, data } = JSON.parse(text) as Record<string, unknown>;
    return typeof kind === "string" ? { kind, data } : null;
  } catch {
    return null;
  }
}

/** From the address, or a bearer. */
function tokenOf({ url = "", headers }: IncomingMessage): string {
  const inAddress = new URLSearchParams(url.split("?", 2)[1] ?? "").get("token");
  return inAddress ?? /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
}

/** An answer where there is no response any more, only the socket. */
function refuseUpgrade(socket: Duplex, status: number, json: string, common: readonly string[]): void {
  const headers = [...common, "content-type", "application/json", "content-length", String(Buffer.byteLength(json))];
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []));
  const { [status]: text = "Refused" } = STATUS_CODES;
  // Nobody else looks after the socket any more, and its client need not close it.
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${text}\r\n${lines.join("\r\n")}\r\nconnection: close\r\n\r\n${json}`);
}
