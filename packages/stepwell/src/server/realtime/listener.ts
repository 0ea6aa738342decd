/**
 * Who listens, over a WebSocket or over server-sent events.
 *
 *   LI1. What waits to be read by one listener is bounded. Who does not keep up is told so after what waits already, and cut
 *        off a moment later, read or not.
 *   LI2. A connection that nobody is at the other end of is noticed: pings must be answered, streams end after their time.
 */
import type { ServerResponse } from "node:http";
import type { WebSocket } from "ws";
import { LIMITS } from "../../protocol/limits.ts";
import type { Listener } from "./hub.ts";

const PING_MS = 30_000;
/** How long the last words may take to be read. */
const CLOSE_MS = 500;
/** Codes of RFC 6455 and its registry. */
export const CLOSE_CODES = { goingAway: 1001, refused: 1008, slow: 1013 } as const;

const TOO_SLOW = `more than ${LIMITS.realtimeQueueBytesMax} bytes waited to be read`;
const STOPPING = "the server stops";
const PING = Buffer.from('{"kind":"ping"}');

const closingText = (reason: string): string => JSON.stringify({ kind: "closing", data: { reason } });

export class SocketListener implements Listener {
  readonly #socket: WebSocket;
  readonly #timer: NodeJS.Timeout;
  #isAnswered = true;
  #isClosing = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#timer = setInterval(() => this.#ping(), PING_MS).unref();
    socket.on("pong", () => {
      this.#isAnswered = true;
    });
    socket.on("close", () => clearInterval(this.#timer));
  }

  send(text: Buffer): boolean {
    if (this.#isClosing) return true;
    const isSlow = this.#socket.bufferedAmount + text.length > LIMITS.realtimeQueueBytesMax;
    if (isSlow)
      this.end(CLOSE_CODES.slow, TOO_SLOW); // LI1
    else this.#socket.send(text, { binary: false });
    return !isSlow;
  }

  close(): void {
    this.end(CLOSE_CODES.goingAway, STOPPING);
  }

  end(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.send(closingText(reason));
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
  }

  /** The frame is for the connection, and a browser answers it by itself; the message is for its page, which sees no frames. */
  #ping(): void {
    if (this.#isAnswered) {
      this.#isAnswered = false;
      this.#socket.ping();
      this.send(PING);
    } else this.#socket.terminate(); // LI2
  }
}

export class StreamListener implements Listener {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse, common: readonly string[]) {
    this.#response = response;
    response.writeHead(200, [...common, "content-type", "text/event-stream", "cache-control", "no-store"]);
    response.write(":\n\n");
    const keepAlive = setInterval(() => this.#write(":\n\n"), PING_MS).unref();
    const end = setTimeout(() => this.#end("the stream has had its time"), LIMITS.realtimeStreamMs).unref(); // LI2
    response.on("close", () => {
      clearInterval(keepAlive);
      clearTimeout(end);
    });
  }

  send(text: Buffer): boolean {
    return this.#write(`data: ${text}\n\n`);
  }

  close(): void {
    this.#end(STOPPING);
  }

  #write(text: string): boolean {
    if (this.#response.writableEnded) return true;
    const isSlow = this.#response.writableLength + text.length > LIMITS.realtimeQueueBytesMax;
    if (isSlow)
      this.#end(TOO_SLOW); // LI1
    else this.#response.write(text);
    return !isSlow;
  }

  #end(reason: string): void {
    if (this.#response.writableEnded) return;
    this.#response.end(`data: ${closingText(reason)}\n\n`);
    setTimeout(() => this.#response.destroy(), CLOSE_MS).unref();
  }
}
