/**
 * One local server in place of the LLM, e-mail, phone, payment and stock services.
 *
 *   T1. A request with an `idempotency-key` does its work once; repeated, it gets the first answer again.
 *   T2. It can be told to fail, to limit the rate or to be slow: `behave(path, …)` in a test, or by hand
 *       `curl -X PUT $STUB/_behaviour -d '{"path":"/create-offer","failures":2,"status":503}'`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, answerTo } from "./answers.ts";

export interface Behaviour {
  /** How many of the next requests fail, and with which status (503 unless told). */
  readonly failures?: number;
  readonly status?: number;
  /** How long each request takes. */
  readonly delayMs?: number;
}

export interface StubCall {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** When it came, and when it was answered. */
  readonly beganAt: number;
  readonly endedAt: number;
}

export interface Stub {
  readonly url: string;
  /** Every request that was answered, in order. */
  readonly calls: readonly StubCall[];
  behave(path: string, behaviour: Behaviour): void;
  close(): Promise<void>;
}

export interface StubOptions {
  readonly port?: number;
  /** How long every request takes, unless its path has been told otherwise. */
  readonly delayMs?: number;
}

interface State {
  readonly calls: StubCall[];
  readonly behaviours: Map<string, Behaviour>;
  readonly answersByKey: Map<string, Answer>;
  readonly counts: Map<string, number>;
  readonly delayMs: number;
}

export async function startStub(options: StubOptions = {}): Promise<Stub> {
  const state: State = {
    calls: [],
    behaviours: new Map(),
    answersByKey: new Map(),
    counts: new Map(),
    delayMs: options.delayMs ?? 0,
  };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => {
      reply(response, { status: 500, body: { error: String(error) } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: state.calls,
    behave: (path, behaviour) => state.behaviours.set(path, behaviour),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "/";
  const body = await readJson(request);
  if (path === "/_behaviour") {
    state.behaviours.set(String(body["path"]), body as Behaviour);
    return reply(response, { status: 200, body: {} });
  }
  const beganAt = Date.now();
  const behaviour = state.behaviours.get(path) ?? {};
  const delayMs = behaviour.delayMs ?? state.delayMs;
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  const answer = answerNow(state, path, body, request.headers["idempotency-key"]);
  state.calls.push({ path, body, status: answer.status, beganAt, endedAt: Date.now() });
  reply(response, answer);
}

function answerNow(state: State, path: string, body: StubCall["body"], key: string | string[] | undefined): Answer {
  const behaviour = state.behaviours.get(path);
  const failures = behaviour?.failures ?? 0;
  if (failures > 0) {
    state.behaviours.set(path, { ...behaviour, failures: failures - 1 });
    return { status: behaviour?.status ?? 503, body: { error: "told to fail" } };
  }
  const known = key === undefined ? undefined : state.answersByKey.get(`${path} ${key}`);
  if (known !== undefined) return known; // T1
  const count = (state.counts.get(path) ?? 0) + 1;
  state.counts.set(path, count);
  const answer = answerTo(path, body, count);
  if (key !== undefined && answer.status < 300) state.answersByKey.set(`${path} ${key}`, answer);
  return answer;
}

async function readJson(request: IncomingMessage): Promise<StubCall["body"]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? {} : (JSON.parse(text) as StubCall["body"]);
}

function reply(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { "content-type": "application/json" });
  response.end(JSON.stringify(answer.body));
}
