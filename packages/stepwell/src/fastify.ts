/** `stepwell/fastify`: functions served by Fastify, as a plugin. */
import { LIMITS } from "./protocol/limits.ts";
import type { ServeOptions } from "./sdk/app.ts";
import { type ClosingResponse, fromNodeRequest, type NodeRequest } from "./sdk/node-http.ts";
import { createExchange } from "./sdk/serve.ts";

export type { ServeOptions } from "./sdk/app.ts";

const PATH_DEFAULT = "/api/stepwell";

/** What is used of Fastify's request. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest;
  readonly body: unknown;
}
/** What is used of Fastify's reply. */
export interface FastifyReplyLike {
  readonly raw: ClosingResponse;
  code(status: number): unknown;
  headers(values: { [name: string]: string }): unknown;
  send(body: string): unknown;
}

/** What is used of a Fastify instance. */
export interface FastifyLike {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: string,
    options: { parseAs: "buffer"; bodyLimit: number },
    parser: (request: unknown, body: unknown) => Promise<unknown>,
  ): unknown;
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>): unknown;
}

/**
 * Serves functions as a Fastify plugin, at `servePath` (`/api/stepwell` by default). It reads raw bodies itself and
 * leaves the parsers of the rest of the app alone.
 *
 * @example
 * ```ts
 * import fastify from "fastify";
 * import { Stepwell } from "stepwell";
 * import { serve } from "stepwell/fastify";
 * const client = new Stepwell({ id: "leads" });
 * await fastify().register(serve({ client, functions: [] })).listen({ port: 3000 });
 * ```
 */
export function serve(options: ServeOptions): (app: FastifyLike) => Promise<void> {
  const exchange = createExchange(options, "fastify");
  return async (app) => {
    app.removeAllContentTypeParsers();
    const limit = LIMITS.apiBodyBytesMax + 1; // One more, so that our own refusal answers.
    app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: limit }, async (_request, body) => body);
    app.all(options.servePath ?? PATH_DEFAULT, async (request, reply) => {
      const { status, headers, body } = await exchange(fromNodeRequest(request.raw, request.body, reply.raw));
      reply.code(status);
      reply.headers({ ...headers });
      return reply.send(body);
    });
  };
}
