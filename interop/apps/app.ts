/** What an app looks like to the tests, whichever version of the official SDK it is made with. */
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { Definition, Seen, Tools } from "./definition.ts";

export interface Client {
  send(events: unknown): Promise<{ ids: string[] }>;
}

/** A client of whoever has signals to send. */
export interface SignalClient {
  sendSignal(options: { signal: string; data?: unknown }): Promise<{ runId?: string }>;
}

/** On, off, or on with results that are saved several at once. */
export type Checkpointing = boolean | { readonly bufferedSteps: number; readonly maxInterval: string };

export interface AppOptions {
  /** Left out where the environment says it. */
  readonly baseUrl?: string;
  readonly appId: string;
  readonly isDev?: boolean;
  readonly eventKey?: string;
  readonly signingKey?: string;
  readonly signingKeyFallback?: string;
  readonly checkpointing?: Checkpointing;
  readonly optimizeParallelism?: boolean;
  readonly fetch?: typeof fetch;
}

/** A version of the SDK: how it makes a client, functions and a listener. */
export interface Sdk {
  readonly name: string;
  readonly language: RegExp;
  readonly tools: Tools;
  definitions(seen: Seen): Definition[];
  client(options: AppOptions): Client & SignalClient;
  listener(options: AppOptions, definitions: readonly Definition[]): RequestListener;
}

export interface Call {
  readonly functionSlug: string;
  readonly stepId: string;
  readonly requestVersion: string;
  readonly isSigned: boolean;
  readonly key: unknown;
  readonly usesApi: boolean;
}

export interface App {
  readonly url: string;
  /** The calls of the server so far, oldest first. */
  readonly calls: readonly Call[];
  /** How it has announced itself so far: in the answer, or by a request of its own. */
  readonly syncKinds: readonly string[];
  /** Serves other functions, or other settings, from now on. */
  serve(listener: RequestListener): void;
  sync(headers?: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

export const APP_PATH = "/api/inngest";

export async function startApp(first: RequestListener): Promise<App> {
  let listener = first;
  const calls: Call[] = [];
  const syncKinds: string[] = [];
  const server = createServer((request, response) => {
    if (request.method === "PUT") {
      response.once("finish", () => syncKinds.push(syncKindOf(response)));
    }
    if (request.method !== "POST") listener(request, response);
    else void readAgain(request, calls).then((again) => listener(again, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${APP_PATH}`;
  return {
    url,
    calls,
    syncKinds,
    serve: (next) => {
      listener = next;
    },
    sync: async (headers = {}) => {
      const answer = await fetch(url, {
        method: "PUT",
        headers: { "content-type": "application/json", ...headers },
        body: "{}",
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    close: () => close(server),
  };
}

/** Headers given to `writeHead` are found in what was written only. */
function syncKindOf(response: ServerResponse): string {
  const { _header } = response as unknown as { _header: string };
  return /^x-inngest-sync-kind: (.*)$/im.exec(_header)?.[1]?.trim() ?? "none";
}

/** Notes what a call says and gives the request back unread: versions of the SDK read it in different ways. */
async function readAgain(request: IncomingMessage, calls: Call[]): Promise<IncomingMessage> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const query = new URL(request.url ?? "/", "http://app").searchParams;
  const { event, ctx } = JSON.parse(body.toString() || "{}");
  calls.push({
    functionSlug: query.get("fnId") ?? "",
    stepId: query.get("stepId") ?? "",
    requestVersion: String(request.headers["x-inngest-req-version"]),
    isSigned: /^t=\d+&s=[0-9a-f]{64}$/.test(String(request.headers["x-inngest-signature"])),
    key: event?.data?.key ?? null,
    usesApi: ctx?.use_api === true,
  });
  const { headers, method, url, socket } = request;
  return Object.assign(Readable.from([body]), { headers, method, url, socket }) as unknown as IncomingMessage;
}

async function close(server: HttpServer): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
