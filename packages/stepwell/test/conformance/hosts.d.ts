/** The little of Express and Koa that the adapter tests touch; neither package brings types. */
declare module "express" {
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

  type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;
  type ErrorHandler = (error: Error, request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;
  interface Application extends RequestListener {
    use(handler: Handler): Application;
    use(path: string, handler: Handler | ErrorHandler): Application;
  }
  interface Express {
    (): Application;
    json(options: { limit: string; strict: boolean }): Handler;
  }
  const express: Express;
  export default express;
}

declare module "koa" {
  import type { IncomingMessage, RequestListener } from "node:http";

  interface Context {
    readonly req: IncomingMessage;
    readonly request: object;
    readonly originalUrl: string;
    readonly path: string;
    status: number;
    body: unknown;
    set(headers: { [name: string]: string }): void;
  }
  export default class Koa {
    use(middleware: (context: Context, next: () => Promise<unknown>) => Promise<unknown>): this;
    callback(): RequestListener;
    listen(port: number): unknown;
  }
}
