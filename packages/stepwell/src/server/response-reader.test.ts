import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HttpFailure } from "./http-failure.ts";
import { HEAD_BYTES_MAX, ResponseReader } from "./response-reader.ts";

interface Seen {
  readonly status: number;
  readonly body: string;
  readonly isWhole: boolean;
  readonly isReusable: boolean;
}

/** What a reader makes of pieces; the connection ends after them if `ends`. */
function readPieces(pieces: readonly Buffer[], { method = "POST", max = 1_000, ends = false } = {}): Seen | string {
  const reader = new ResponseReader(method, max);
  try {
    for (const piece of pieces) {
      const copy = Buffer.from(piece);
      reader.push(copy);
      copy.fill(0); // RP3
    }
    if (ends) reader.end();
  } catch (error) {
    return error instanceof HttpFailure ? `${error.kind}: ${error.message}` : String(error);
  }
  const { status, body, isWhole, isReusable } = reader;
  return { status, body: body.toString(), isWhole, isReusable };
}

const read = (text: string, options = {}) => readPieces([Buffer.from(text, "latin1")], options);
const whole = (status: number, body: string, isReusable = true) => ({ status, body, isWhole: true, isReusable });

const LENGTH = "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
const CHUNKED =
  "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" +
  "5;name=value\r\nhello\r\n0B\r\n, dear\r\nyou\r\n0\r\ntrailer: 1\r\n\r\n";

describe("a response", () => {
  test("ends with its length, with its last chunk, or with the connection", () => {
    expect(read(LENGTH)).toEqual(whole(206, "hello"));
    expect(read(CHUNKED)).toEqual(whole(200, "hello, dear\r\nyou"));
    expect(read("HTTP/1.1 200 OK\r\n\r\nall of it")).toMatchObject({ isWhole: false, body: "all of it" });
    expect(read("HTTP/1.1 200 OK\r\n\r\nall of it", { ends: true })).toEqual(whole(200, "all of it", false));
    expect(read(LENGTH.slice(0, -1), { ends: true })).toMatchObject({ isWhole: false });
  });

  test("is the same in whatever pieces it comes", () => {
    const pieces = fc.tuple(fc.constantFrom(LENGTH, CHUNKED), fc.array(fc.nat({ max: 200 })));
    fc.assert(
      fc.property(pieces, ([text, cuts]) => {
        const bytes = Buffer.from(text, "latin1");
        const ends = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
        const parts = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
        expect(readPieces(parts)).toEqual(read(text));
      }),
    );
    expect(readPieces([...Buffer.from(CHUNKED)].map((byte) => Buffer.from([byte])))).toEqual(read(CHUNKED));
  });

  test("has no body when the request or the status says so", () => {
    expect(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", { method: "HEAD" })).toEqual(whole(200, ""));
    expect(read("HTTP/1.1 204 No Content\r\n\r\n")).toEqual(whole(204, ""));
    expect(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")).toEqual(whole(200, ""));
  });

  test("has headers by lower-case name, the first of each", () => {
    const reader = new ResponseReader("GET", 10);
    reader.push(Buffer.from("HTTP/1.1 200\r\nX-One:  1 \r\nx-one: 2\r\nEmpty:\r\nContent-Length: 0\r\n\r\n"));
    expect([reader.head?.get("x-one"), reader.head?.get("empty")]).toEqual(["1", ""]);
  });
});

describe("a connection is not used again", () => {
  test("when the other side closes it, or speaks HTTP/1.0", () => {
    expect(read(LENGTH.replace("X-A: b", "Connection: x, Close"))).toEqual(whole(206, "hello", false));
    expect(read(LENGTH.replace("HTTP/1.1", "HTTP/1.0"))).toEqual(whole(206, "hello", false));
  });

  test("when more came than the response", () => {
    expect(read(`${LENGTH}HTTP/1.1 200 OK\r\n`)).toEqual(whole(206, "hello", false));
    expect(read("HTTP/1.1 204 No Content\r\n\r\nx")).toEqual(whole(204, "", false));
  });
});

describe("what is not exactly HTTP is refused", () => {
  const refused = (text: string) => expect(read(text)).toMatch(/^invalid: it does not speak HTTP/);

  test("no status line, or one of another kind", () => {
    refused("SSH-2.0-OpenSSH_9.6\r\n\r\n");
    refused("HTTP/2 200\r\n\r\n");
    refused("HTTP/1.1 99 Low\r\n\r\n");
    refused("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  });

  test("headers without a form: folded, without a name, with a space before the colon, with a bare line break", () => {
    for (const line of ["a: b\r\n c: d", "no colon", ": x", "a : b", "a: b\nc: d", "a: b\rc: d", "a: \0"])
      refused(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`);
  });

  test("a length that is told twice, or is none", () => {
    for (const lines of [
      "content-length: 5\r\ncontent-length: 6",
      "content-length: 5\r\ntransfer-encoding: chunked",
      "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
      "transfer-encoding: gzip, chunked",
      "content-length: -1",
      "content-length: 5, 5",
      "content-length: 0x5",
    ])
      refused(`HTTP/1.1 200 OK\r\n${lines}\r\n\r\nhello`);
    expect(read("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello")).toEqual(whole(200, "hello"));
  });

  test("chunks whose lengths do not fit", () => {
    for (const chunks of ["g\r\n", "-5\r\nhello", "5\r\nhelloX\r\n", "4\r\nhello\r\n", "\r\n\r\n", "5 5\r\nhello"])
      refused(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`);
  });
});

describe("limits", () => {
  test("a body: as soon as it is known to be larger", () => {
    const tooLarge = "too_large: the answer is larger than 4 bytes";
    expect(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", { max: 4 })).toBe(tooLarge);
    expect(read("HTTP/1.1 200 OK\r\n\r\nhello", { max: 4 })).toBe(tooLarge);
    const chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\n";
    expect(read(chunks, { max: 4 })).toBe(tooLarge);
  });

  test("a head, the line before a chunk, and trailers", () => {
    const long = "x".repeat(HEAD_BYTES_MAX);
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const text of [`HTTP/1.1 200 ${long}y`, `HTTP/1.1 200 OK\r\nx: ${long}\r\n\r\n`, `${chunked}5;${long}`])
      expect(read(text)).toMatch(/^invalid: the headers of the answer are larger/);
    expect(read(`${chunked}0\r\n${"a: b\r\n".repeat(HEAD_BYTES_MAX / 4 + 1)}`)).toMatch(/larger than 16384/);
  });
});
