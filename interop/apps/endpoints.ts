/** HTTP handlers made durable with the official SDK v4, each at a path of its own, and what their bodies did. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Inngest, NonRetriableError, step } from "inngest-v4";
import { endpointAdapter as edgeAdapter } from "inngest-v4/edge";
import { stream } from "inngest-v4/experimental/durable-endpoints";
import { endpointAdapter as nextAdapter } from "inngest-v4/next";
import { endpointAdapter as nodeAdapter, serveEndpoint } from "inngest-v4/node";
import { quiet } from "./quiet.ts";

export interface EndpointOptions {
  readonly baseUrl: string;
  readonly isDev: boolean;
  readonly signingKey?: string;
  readonly adapter: "node" | "edge" | "next";
}

export interface EndpointApp {
  readonly url: string;
  /** What ran, by the key of the request, in order. */
  ran(key: string): string[];
  close(): Promise<void>;
}

type Handler = (request: Request) => Promise<Response>;

export async function startEndpoints({ adapter, ...options }: EndpointOptions): Promise<EndpointApp> {
  const notes: { readonly key: string; readonly what: string }[] = [];
  const makeClient = (more: object) => {
    const made = { node: nodeAdapter, edge: edgeAdapter, next: nextAdapter }[adapter];
    // The options stay with the adapter, whichever client they were meant for: each client sets them all.
    const all = { asyncRedirectUrl: undefined, asyncResponse: undefined, functionId: undefined, retries: undefined };
    const endpointAdapter = made.withOptions({ ...all, ...more } as never);
    return new Inngest({ id: "endpoints", logger: quiet, ...options, endpointAdapter });
  };
  const handlers = handlersOf((key, what) => void notes.push({ key, what }));
  const plain = makeClient({});
  const listeners = new Map<string, RequestListener>();
  for (const [path, handler] of Object.entries(handlers)) {
    listeners.set(path, serveEndpoint(plain.endpoint(handler as never) as unknown as Handler));
  }
  const proxied = makeClient({ asyncRedirectUrl: "/poll", functionId: "proxied", retries: 1 });
  listeners.set("/proxied", serveEndpoint(proxied.endpoint(handlers["/sleeps"] as never) as unknown as Handler));
  if (adapter !== "next") {
    const proxy = proxied.endpointProxy() as unknown as RequestListener & Handler;
    listeners.set("/poll", adapter === "node" ? proxy : serveEndpoint(proxy));
  }
  const token = makeClient({ asyncResponse: "token", functionId: "token" });
  listeners.set("/token", serveEndpoint(token.endpoint(handlers["/sleeps"] as never) as unknown as Handler));
  const server = createServer((request, response) => {
    const listener = listeners.get((request.url ?? "/").split("?")[0] ?? "/");
    if (listener === undefined) response.writeHead(404).end();
    else listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ran: (key) => notes.filter((note) => note.key === key).map(({ what }) => what),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function handlersOf(note: (key: string, what: string) => void): Record<string, (request: Request) => Promise<unknown>> {
  const keyOf = (request: Request) => new URL(request.url).searchParams.get("key") ?? "";
  const attempts = new Map<string, number>();
  const attempt = (key: string) => {
    const count = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, count);
    return count;
  };
  const work = (request: Request, id: string, value: unknown) =>
    step.run(id, () => {
      note(keyOf(request), id);
      return value;
    });
  return {
    "/direct": async (request) => {
      const first = await work(request, "first", 1);
      const second = await work(request, "second", 2);
      return { sum: (first as number) + (second as number) };
    },
    "/response": async (request) => {
      const text = await work(request, "first", "made");
      return new Response(`${text}`, { status: 201, headers: { "x-made": "yes" } });
    },
    "/sleeps": async (request) => {
      await work(request, "before", 1);
      await step.sleep("nap", "1s");
      await work(request, "after", 2);
      return { key: keyOf(request), method: request.method };
    },
    "/retries": async (request) => {
      await work(request, "before", 1);
      const value = await step.run("flaky", () => {
        note(keyOf(request), "flaky");
        if (attempt(keyOf(request)) < 3) throw new Error("not yet");
        return "at last";
      });
      return { value };
    },
    "/throws": async (request) => {
      await work(request, "before", 1);
      note(keyOf(request), "body");
      if (attempt(keyOf(request)) < 2) throw new Error("not yet");
      return { value: "at last" };
    },
    "/fails": async (request) => {
      await work(request, "before", 1);
      await step.sleep("nap", "1s");
      throw new NonRetriableError("never");
    },
    "/parallel": async (request) => {
      const values = await Promise.all(["a", "b", "c"].map((id) => work(request, id, id)));
      return { values };
    },
    "/streams": async () => {
      await step.run("before", async () => {
        await stream.push("one");
        return 1;
      });
      await step.sleep("nap", "1s");
      await step.run("after", async () => {
        await stream.push("two");
        return 2;
      });
      return { done: true };
    },
  };
}
