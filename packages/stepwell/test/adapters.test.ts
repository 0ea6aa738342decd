/** Every door, in its real host, through the same suite. */
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serve as honoServer } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { serve as serveExpress } from "../src/express.ts";
import { serve as serveFastify } from "../src/fastify.ts";
import { serve as serveHono } from "../src/hono.ts";
import { serve as serveKoa } from "../src/koa.ts";
import { serve as serveLambda } from "../src/lambda.ts";
import { serve as serveNext, servePages } from "../src/next.ts";
import { serve as serveNode } from "../src/node.ts";
import { serve as serveWeb } from "../src/web.ts";
import { type AdapterReply, type AdapterRequest, type MountedAdapter, testAdapter } from "./conformance/adapter.ts";

const PATH = "/api/stepwell";

testAdapter({ name: "web", mount: async (options) => mountFetch(serveWeb(options)) });

testAdapter({ name: "node", mount: (options) => mountListener(serveNode(options)) });

testAdapter({
  name: "express",
  mount: (options) => {
    const app = express();
    app.use(PATH, serveExpress(options));
    return mountListener(app);
  },
});

testAdapter({
  name: "express behind a JSON parser",
  mount: (options) => {
    const app = express();
    // The parser refuses broken bodies itself; the host's error handler answers those.
    app.use(express.json({ limit: "16mb", strict: false }));
    app.use(PATH, serveExpress(options));
    app.use("/", (error: Error, _request: unknown, response: ServerResponse, _next: unknown) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ message: error.message }));
    });
    return mountListener(app);
  },
});

testAdapter({
  name: "fastify",
  mount: async (options) => {
    const app = fastify({ forceCloseConnections: true });
    app.register(serveFastify(options));
    await app.listen({ port: 0, host: "127.0.0.1" });
    return mountServer(app.server, () => app.close());
  },
});

testAdapter({
  name: "koa",
  mount: (options) => {
    const app = new Koa();
    app.use(serveKoa({ ...options, servePath: PATH }));
    return mountListener(app.callback());
  },
});

testAdapter({
  name: "hono",
  mount: async (options) => {
    const app = new Hono().all(PATH, serveHono(options));
    const server = await new Promise<Server>((resolve) => {
      const started = honoServer({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () =>
        resolve(started as Server),
      );
    });
    return mountServer(server);
  },
});

testAdapter({
  name: "next (app router)",
  skipOtherMethods: "Next.js answers methods without a route handler itself",
  mount: async (options) => {
    const routes = serveNext(options);
    return mountFetch((request) => routes[request.method as keyof typeof routes](request));
  },
});

testAdapter({ name: "next (pages)", mount: (options) => mountListener(servePages(options)) });

testAdapter({
  name: "lambda (HTTP API, function URL)",
  mount: async (options) => {
    const handler = serveLambda(options);
    return mountEvents(({ method, query, headers, body }) =>
      handler({
        rawPath: PATH,
        rawQueryString: (query ?? "").slice(1),
        requestContext: { http: { method } },
        headers: { host: "app.test", ...headers },
        ...(body === undefined ? {} : { body: Buffer.from(body).toString("base64"), isBase64Encoded: true }),
      }),
    );
  },
});

testAdapter({
  name: "lambda (REST API)",
  mount: async (options) => {
    const handler = serveLambda(options);
    return mountEvents(({ method, query, headers, body }) =>
      handler({
        httpMethod: method,
        path: PATH,
        queryStringParameters: Object.fromEntries(new URLSearchParams(query ?? "")),
        headers: { Host: "app.test", ...headers },
        body: body ?? null,
        isBase64Encoded: false,
      }),
    );
  },
});

function mountListener(listener: RequestListener): Promise<MountedAdapter> {
  const server = createServer(listener);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(mountServer(server))));
}

function mountServer(server: Pick<Server, "address" | "close">, close?: () => PromiseLike<unknown>): MountedAdapter {
  const { port } = server.address() as AddressInfo;
  return {
    request: ({ method, query = "", headers = {}, body }) =>
      fetchReply(fetch(`http://127.0.0.1:${port}${PATH}${query}`, init(method, headers, body))),
    close: async () => {
      if (close !== undefined) return void (await close());
      (server as Server).closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function mountFetch(handle: (request: Request) => Promise<Response>): MountedAdapter {
  return {
    request: ({ method, query = "", headers = {}, body }) =>
      fetchReply(handle(new Request(`http://app.test${PATH}${query}`, init(method, headers, body)))),
    close: async () => {},
  };
}

function mountEvents(
  handle: (request: AdapterRequest) => Promise<{ statusCode: number; headers: Record<string, string>; body: string }>,
): MountedAdapter {
  return {
    async request(request) {
      const { statusCode, headers, body } = await handle(request);
      return { status: statusCode, header: (name) => headers[name] ?? null, body };
    },
    close: async () => {},
  };
}

function init(method: string, headers: Readonly<Record<string, string>>, body: string | undefined): RequestInit {
  return { method, headers, ...(body === undefined ? {} : { body }) };
}

async function fetchReply(pending: Promise<Response>): Promise<AdapterReply> {
  const response = await pending;
  return { status: response.status, header: (name) => response.headers.get(name), body: await response.text() };
}
