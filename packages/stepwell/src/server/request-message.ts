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
  readonly body: Buffer | string | null;
}

// No line break, and nothing else that would end a line, or a part of it, before its end.
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const NOT_IN_PATH = /[^\x21-\x7e]/;
const NOT_IN_VALUE = /[^\t\x20-\x7e]/;

/** Head and body. Throws an `HttpFailure` when something in it could be read as more than it is. */
export function requestMessage({ method, origin, path, headers, body }: RequestParts): string | Buffer {
  if (!TOKEN.test(method)) throw notSendable("its method");
  if (path[0] !== "/" || NOT_IN_PATH.test(path)) throw notSendable("its path");
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${origin.slice(origin.indexOf("//") + 2)}\r\nconnection: keep-alive\r\n`;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!;
    const value = headers[index + 1]!;
    if (!TOKEN.test(name) || NOT_IN_VALUE.test(value)) throw notSendable(`its header ${name}`);
    head += `${name}: ${value}\r\n`;
  }
  if (body === null && (method === "GET" || method === "HEAD")) return `${head}\r\n`;
  head += `content-length: ${body === null ? 0 : Buffer.byteLength(body)}\r\n\r\n`;
  if (body === null) return head;
  // The head is ASCII, so one text is head and body: it is encoded and sent in one go.
  return typeof body === "string" ? head + body : Buffer.concat([Buffer.from(head, "latin1"), body]);
}

const notSendable = (what: string): HttpFailure =>
  new HttpFailure("invalid", `the request cannot be sent: ${what} has characters that none may have`);
