/** Answers on the bare socket side, for the routes that are too hot for a framework. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** How long the rest of a refused body is thrown away before the connection is cut, so that the client can read why. */
const LINGER_MS = 2_000;

/**
 * Headers that every response carries, names and values in turns. Whatever it is, it is nothing for a
 * browser to guess at: what a user's payload says never becomes a page of this server.
 */
export function commonHeaders(kind: string): readonly string[] {
  return ["x-inngest-server-kind", kind, "x-content-type-options", "nosniff"];
}

/** Besides: what lets pages of every origin read an answer. For routes that no cookie opens. */
export const ANY_ORIGIN_HEADERS: readonly string[] = [
  "access-control-allow-origin",
  "*",
  "access-control-expose-headers",
  "Link, Mcp-Session-Id",
];

/** What a browser may ask; without `isAnyOrigin` only pages of this server may, and they do not ask first. */
export function answerPreflight(
  request: IncomingMessage,
  response: ServerResponse,
  common: readonly string[],
  isAnyOrigin: boolean,
): void {
  if (!isAnyOrigin) {
    response.writeHead(204, [...common, "allow", "GET, POST, PUT, DELETE, OPTIONS"]);
    response.end();
    return;
  }
  response.writeHead(204, [
    ...common,
    "access-control-allow-methods",
    "GET, POST, PUT, DELETE, OPTIONS",
    "access-control-allow-headers",
    request.headers["access-control-request-headers"] ?? "*",
    "access-control-max-age",
    "3600",
  ]);
  response.end();
}

export function answerJson(response: ServerResponse, status: number, json: string, common: readonly string[]): void {
  if (response.headersSent) return;
  const length = String(Buffer.byteLength(json));
  const isLast = status === 413 || status === 503;
  const headers = [...common, "content-type", "application/json", "content-length", length];
  if (!isLast) {
    response.writeHead(status, headers);
    response.end(json);
    return;
  }
  response.writeHead(status, [...headers, "connection", "close"]);
  response.write(json);
  lingeringEnd(response);
}

/** Ends the response once the client has sent its whole body: closing earlier would reset the connection under it. */
function lingeringEnd(response: ServerResponse): void {
  const request = response.req;
  const end = () => {
    clearTimeout(timer);
    if (!response.writableEnded) response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  timer.unref();
  if (request.complete) end();
  else {
    request.once("end", end);
    request.once("close", end);
    request.resume();
  }
}
