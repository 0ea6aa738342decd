/**
 * What endpoints stream while their runs go on without their clients: passed on as it comes to whoever listens, and kept
 * for those who come late.
 *
 *   RS1. Of each run a bounded number of bytes is kept, of a bounded number of runs, the latest; nothing of it is stored.
 *   RS2. A listener that does not keep up is let go; the others do not wait for it.
 *   RS3. Whoever listens is told the end: by the endpoint, or where its word did not come, by what is stored of the run.
 */
import type { ServerResponse } from "node:http";
import { LRUCache } from "lru-cache";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { RunRow } from "../../store/store.ts";
import { outputOf } from "./output.ts";

const HEARTBEAT_MS = 15_000;
/** How long the endpoint's own last word may take to arrive after the run has ended. */
const LAST_WORD_MS = 1_000;
/** How long a stream is kept after its last byte. */
const KEPT_MS = 600_000;

interface Stream {
  readonly chunks: Buffer[];
  size: number;
  /** The endpoint has told the end. */
  isClosed: boolean;
  readonly listeners: Set<ServerResponse>;
}

/** Resolves with the run once it has ended or nobody waits any more. */
export type WaitForEnd = (runId: string, waitMs: number, signal: AbortSignal) => Promise<RunRow | null>;

const END_MARK = Buffer.from("event: inngest.response");

export class RunStreams {
  readonly #waitForEnd: WaitForEnd;
  readonly #streams = new LRUCache<string, Stream>({ max: LIMITS.endpointStreamsMax, ttl: KEPT_MS });
  readonly #listeners = new Set<ServerResponse>();

  constructor(waitForEnd: WaitForEnd) {
    this.#waitForEnd = waitForEnd;
  }

  publish(runId: string, chunk: Buffer): void {
    const stream = this.#streamOf(runId);
    stream.isClosed ||= chunk.includes(END_MARK);
    if (stream.size + chunk.length <= LIMITS.endpointStreamBytesMax) {
      stream.chunks.push(chunk);
      stream.size += chunk.length;
    }
    for (const listener of stream.listeners) this.#send(listener, chunk);
  }

  /** The endpoint's request has ended; when it told the end, that was all. */
  published(runId: string): void {
    const stream = this.#streams.get(runId);
    if (stream?.isClosed === true) for (const listener of stream.listeners) listener.end();
  }

  /** Throws `server_overloaded`; the response must not have been begun. */
  listen(runId: string, response: ServerResponse, common: readonly string[]): void {
    if (this.#listeners.size >= LIMITS.endpointStreamsMax) {
      throw new StepwellError("server_overloaded", { count: this.#listeners.size, limit: LIMITS.endpointStreamsMax });
    }
    const stream = this.#streamOf(runId);
    const gone = new AbortController();
    const heartbeat = setInterval(() => this.#send(response, ": alive\n\n"), HEARTBEAT_MS).unref();
    this.#listeners.add(response);
    stream.listeners.add(response);
    response.on("close", () => {
      clearInterval(heartbeat);
      gone.abort();
      this.#listeners.delete(response);
      stream.listeners.delete(response);
    });
    response.writeHead(200, [...common, "content-type", "text/event-stream", "cache-control", "no-store"]);
    response.write(": connected\n\n");
    for (const chunk of stream.chunks) response.write(chunk);
    if (stream.isClosed) response.end();
    else void this.#endWithRun(runId, response, stream, gone.signal);
  }

  close(): void {
    for (const listener of this.#listeners) listener.end();
  }

  async #endWithRun(runId: string, response: ServerResponse, stream: Stream, signal: AbortSignal): Promise<void> {
    const row = await this.#waitForEnd(runId, LIMITS.endpointListenMs, signal).catch(() => null);
    if (row !== null && row.endedAt !== null && !stream.isClosed) {
      await new Promise((resolve) => setTimeout(resolve, LAST_WORD_MS).unref());
      if (!stream.isClosed && !response.writableEnded) response.write(endEvent(row)); // RS3
    }
    // What is being passed on ends the response itself.
    if (!stream.isClosed && !response.writableEnded) response.end();
  }

  #streamOf(runId: string): Stream {
    const known = this.#streams.get(runId, { updateAgeOnGet: true });
    if (known !== undefined) return known;
    const stream: Stream = { chunks: [], size: 0, isClosed: false, listeners: new Set() };
    this.#streams.set(runId, stream);
    return stream;
  }

  #send(listener: ServerResponse, chunk: Buffer | string): void {
    if (listener.writableEnded) return;
    if (listener.writableLength > LIMITS.endpointStreamBytesMax)
      listener.destroy(); // RS2
    else listener.write(chunk);
  }
}

/** The end as an endpoint would have told it. */
function endEvent(row: RunRow): string {
  const { status: statusCode, headers, body } = outputOf(row);
  const status = row.status === "completed" ? "succeeded" : "failed";
  const data = JSON.stringify({ status, response: { body, headers, statusCode } });
  return `event: inngest.response\ndata: ${data}\n\n`;
}
