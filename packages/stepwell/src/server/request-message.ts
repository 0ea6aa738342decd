/** A request as it goes over the wire (RFC 9112). */
import { HttpFailure } from "./http-failure.ts";

export interface RequestParts {
  readonly method: string;
  /** `http://host:port`. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turns. */
  readonly headers: readonly string[];
  /** More headers, as `headerLines` wrote them: for those that every request has. */
  readonly lines?: string;
  readonly body: Buffer | string | null;
}

// No line break, and nothing else that would end a line, or a part of it, before its end.
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const NOT_IN_PATH = /[^\x21-\x7e]/;
const NOT_IN_VALUE = /[^\t\x20-\x7e]/;

/** Head and body. Throws an `HttpFailure` when something in it could be read as more than it is. */
export function requestMessage({ method, origin, path, headers, lines = "", body }: RequestParts): string | Buffer {
  if (!TOKEN.test(method)) throw notSendable("its method");
  if (path[0] !== "/" || NOT_IN_PATH.test(path)) throw notSendable("its path");
  const host = origin.slice(origin.indexOf("//") + 2);
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${lines}${headerLines(headers)}`;
  if (body === null && (method === "GET" || method === "HEAD")) return `${head}\r\n`;
  const length = `content-length: ${body === null ? 0 : Buffer.byteLength(body)}\r\n\r\n`;
  if (body === null) return head + length;
  // The head is ASCII, so one text is head and body: it is encoded and sent in one go.
  return typeof body === "string" ? head + length + body : Buffer.concat([Buffer.from(head + length, "latin1"), body]);
}

/** Headers, names and values in turns, as they go over the wire. Throws an `HttpFailure` at what is no header. */
export function headerLines(headers: readonly string[]): string {
  let lines = "";
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!;
    const value = headers[index + 1]!;
    if (!TOKEN.test(name) || NOT_IN_VALUE.test(value)) throw notSendable(`its header ${name}`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

const notSendable = (what: string): HttpFailure =>
  new HttpFailure("invalid", `the request cannot be sent: ${what} has characters that none may have`);
