/** A real server on a free port with a memory store, an app that is only a handler, and a plain HTTP client. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Notice } from "../../src/core/batch.ts";
import { createLog } from "../../src/server/log.ts";
import type { ServerOptions } from "../../src/server/options.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { MemoryStore } from "../../src/store/memory.ts";

export const SIGNING_KEY = "signkey-prod-0123456789abcdef0123456789abcdef";
export const EVENT_KEY = "event-key-1";

export interface TestServer extends RunningServer {
  readonly store: MemoryStore;
  /** Resolves with the first notice that fits, seen already or still to come. */
  notice(fits: (notice: Notice) => boolean): Promise<Notice>;
  /** Resolves when so many runs have ended since the start. */
  runsEnded(count: number): Promise<void>;
}

export async function startTestServer(overrides: Partial<ServerOptions> = {}): Promise<TestServer> {
  const store = new MemoryStore();
  const running = await startServer({
    store,
    storeLabel: "memory",
    kind: "dev",
    host: "127.0.0.1",
    port: 0,
    eventKeys: [],
    signingKey: null,
    signingKeyFallback: null,
    log: createLog({ format: "human", level: "silent" }),
    appUrls: [],
    discover: false,
    pollIntervalMs: null,
    retryIntervalMs: 1,
    shutdownGraceMs: 5_000,
    onFatal: () => {},
    ...overrides,
  });
  onTestFinished(() => running.stop());
  const seen: Notice[] = [];
  const waiting = new Set<() => void>();
  running.engine.watch((notices) => {
    seen.push(...notices);
    for (const look of waiting) look();
  });
  /** Looks at what was seen after every notice, until there is a result. */
  const until = <T>(find: () => T | undefined) =>
    new Promise<T>((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    ...running,
    store,
    notice: (fits) => until(() => seen.find(fits)),
    runsEnded: async (count) => {
      const isDone = () => seen.filter((notice) => notice.kind === "run_ended").length >= count || undefined;
      await until(isDone);
    },
  };
}

/** A server in production mode, with keys. */
export function startKeyedServer(overrides: Partial<ServerOptions> = {}): Promise<TestServer> {
  return startTestServer({ kind: "cloud", eventKeys: [EVENT_KEY], signingKey: SIGNING_KEY, ...overrides });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON, whatever of this it really has. */
  readonly json: AnswerJson;
}

/** What tests look at in answers. */
export interface AnswerJson {
  readonly ids: readonly string[];
  readonly index?: number;
  readonly error: string;
  readonly status: number;
  readonly code: string;
  readonly modified: boolean;
  readonly data: AnswerRecord & readonly AnswerRecord[];
  readonly page: { readonly cursor: string | null; readonly has_more: boolean };
  readonly function_failed_attempts: readonly unknown[];
}

export interface AnswerRecord {
  readonly run_id: string;
  readonly internal_id: string;
  readonly name: string;
  readonly output: unknown;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** One request on a connection of its own. */
export function ask(url: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...headers }, agent: false }, (response) => {
      readText(response).then((text) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: parseJson(text) as AnswerJson,
        });
      }, reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

export function post(url: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const body = JSON.stringify(value);
  return ask(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
}

export interface AppCall {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: CallJson;
}

/** What tests look at in calls. */
export interface CallJson {
  readonly url: string;
  readonly steps: Readonly<Record<string, unknown>>;
  readonly ctx: {
    readonly run_id: string;
    readonly qi_id: string;
    readonly generation_id: number;
    readonly use_api: boolean;
    readonly stack: { readonly current: number };
  };
}

export interface FakeApp {
  readonly url: string;
  readonly port: number;
  readonly calls: readonly AppCall[];
}

export type AppHandler = (call: AppCall, response: ServerResponse) => void | Promise<void>;

/** An HTTP app. Answers carry the SDK header unless the handler removes it. */
export async function startApp(handler: AppHandler): Promise<FakeApp> {
  const calls: AppCall[] = [];
  const server = createServer((incoming, response) => {
    void readText(incoming).then((text) => {
      const { method = "", url = "", headers } = incoming;
      const call: AppCall = { method, url, headers, text, json: parseJson(text) as CallJson };
      calls.push(call);
      response.setHeader("x-inngest-sdk", "test:v1.0.0");
      response.setHeader("x-inngest-req-version", "2");
      return handler(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/api/test`, port, calls };
}

export function answer(response: ServerResponse, status: number, value: unknown): void {
  response.statusCode = status;
  response.end(JSON.stringify(value));
}

/** The body of a registration with one function per slug, all triggered by `event`. */
export function registration(appUrl: string, slugs: readonly string[], event = "test/go", more: object = {}): object {
  return {
    url: appUrl,
    v: "0.1",
    deployType: "ping",
    sdk: "test:v1.0.0",
    framework: "none",
    appName: "shop",
    functions: slugs.map((slug) => ({
      id: slug,
      name: slug,
      triggers: [{ event }],
      steps: {
        step: { id: "step", name: "step", runtime: { type: "http", url: `${appUrl}?fnId=${slug}&stepId=step` } },
      },
      ...more,
    })),
  };
}

/** A step result as an SDK reports it; ids are forty times one hex digit. */
export function stepRun(digit: string, data: unknown): object {
  return { op: "StepRun", id: digit.repeat(40), name: `step ${digit}`, displayName: `step ${digit}`, data };
}

function readText(stream: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks).toString()));
    stream.on("error", reject);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
