/**
 * Reads one HTTP/1.1 response as its bytes come (RFC 9112).
 *
 *   RP1. What is not exactly HTTP is refused: who is lenient takes the end of one answer for the beginning of the next.
 *   RP2. Nothing grows beyond its limit: the head and the lines of chunks `HEAD_BYTES_MAX`, the body the caller's.
 *   RP3. Bytes are the caller's again once `push` returns: what is kept is copied.
 */
import { HttpFailure } from "./http-failure.ts";
import { notHttp, ResponseHead } from "./response-head.ts";

/** Status line and headers of a response; also the trailers behind a chunked body, and each line before a chunk. */
export const HEAD_BYTES_MAX = 16 * 1024;

/** What is read next. `close`: the body ends with the connection. */
type Part = "head" | "length" | "close" | "chunk-size" | "chunk-data" | "chunk-end" | "trailers" | "whole";

export class ResponseReader {
  readonly #isHead: boolean;
  readonly #bodyBytesMax: number;
  #part: Part = "head";
  #head: ResponseHead | null = null;
  #isReusable = false;
  /** The beginning of what cannot be read before more of it is here. */
  #rest: Buffer | null = null;
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #size = 0;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0;
  #trailerBytes = 0;

  /** `method` is the request's: it decides whether there is a body. */
  constructor(method: string, bodyBytesMax: number) {
    this.#isHead = method === "HEAD";
    this.#bodyBytesMax = bodyBytesMax;
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  /** Status and headers; null until they are here. */
  get head(): ResponseHead | null {
    return this.#head;
  }

  get body(): Buffer {
    if (this.#more !== null) return Buffer.concat(this.#more, this.#size);
    return this.#first ?? Buffer.alloc(0);
  }

  get isWhole(): boolean {
    return this.#part === "whole";
  }

  /** True when the connection may carry another request: the response was whole, and nothing came behind it. */
  get isReusable(): boolean {
    return this.#isReusable;
  }

  /** Takes bytes. Throws an `HttpFailure` at what is no response, or one that is too large. */
  push(bytes: Buffer): void {
    const all = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = null;
    let at = 0;
    while (at < all.length && this.#part !== "whole") {
      const next = this.#read(all, at);
      if (next === null) {
        if (all.length - at > HEAD_BYTES_MAX) throw headTooLarge(); // RP2
        this.#rest = Buffer.from(all.subarray(at)); // RP3
        return;
      }
      at = next;
    }
    if (at < all.length) this.#isReusable = false; // RP1: nobody asked for more.
  }

  /** The other side has closed the connection. Only a body without a length ends so. */
  end(): void {
    if (this.#part === "close") this.#part = "whole";
  }

  /** Reads the part that begins at a place, and returns where the next one does; null when more is needed for it. */
  #read(bytes: Buffer, at: number): number | null {
    switch (this.#part) {
      case "head":
        return this.#readHead(bytes, at);
      case "length":
      case "chunk-data":
        return this.#readCounted(bytes, at);
      case "close":
        this.#keep(bytes.subarray(at));
        return bytes.length;
      case "chunk-size":
        return this.#readChunkSize(bytes, at);
      case "chunk-end":
        return this.#readChunkEnd(bytes, at);
      case "trailers":
        return this.#readTrailer(bytes, at);
      case "whole":
        return bytes.length;
    }
  }

  #readHead(bytes: Buffer, at: number): number | null {
    const end = bytes.indexOf("\r\n\r\n", at, "latin1");
    if (end < 0) return null;
    if (end - at > HEAD_BYTES_MAX) throw headTooLarge(); // RP2
    const head = new ResponseHead(bytes.toString("latin1", at, end));
    // 101 would end HTTP; the others announce the response.
    if (head.status >= 200) this.#begin(head);
    else if (head.status === 101) throw notHttp("it switches protocols");
    return end + 4;
  }

  #begin(head: ResponseHead): void {
    this.#head = head;
    const hasNoBody = this.#isHead || head.status === 204 || head.status === 304;
    const codings = head.all("transfer-encoding");
    const lengths = head.all("content-length");
    const coding = codings[0];
    const length = lengths[0];
    const isToldTwice = codings.length > 1 || (lengths.length > 1 && lengths.some((other) => other !== length));
    if (isToldTwice || (coding !== undefined && (length !== undefined || head.isHttp10))) {
      throw notHttp("its length is told twice"); // RP1
    }
    if (coding !== undefined && coding.toLowerCase() !== "chunked") throw notHttp("its transfer encoding is not known");
    if (length !== undefined && !/^\d{1,15}$/.test(length)) throw notHttp("its length is no number");
    const mayStay = !head.isHttp10 && !CLOSE.test(head.get("connection") ?? "");
    this.#isReusable = mayStay && (hasNoBody || coding !== undefined || length !== undefined);
    if (hasNoBody) this.#part = "whole";
    else if (coding !== undefined) this.#part = "chunk-size";
    else if (length !== undefined) this.#expect("length", Number(length));
    else this.#part = "close";
  }

  /** So many bytes come next. */
  #expect(part: "length" | "chunk-data", count: number): void {
    if (this.#size + count > this.#bodyBytesMax) throw this.#tooLarge(); // RP2
    this.#left = count;
    this.#part = count === 0 ? "whole" : part;
  }

  #readCounted(bytes: Buffer, at: number): number {
    const end = Math.min(at + this.#left, bytes.length);
    this.#keep(bytes.subarray(at, end));
    this.#left -= end - at;
    if (this.#left === 0) this.#part = this.#part === "length" ? "whole" : "chunk-end";
    return end;
  }

  #readChunkSize(bytes: Buffer, at: number): number | null {
    const end = bytes.indexOf("\r\n", at, "latin1");
    if (end < 0) return null;
    const match = /^([0-9a-f]{1,12})[\t ]*(?:;[^\r\n]*)?$/i.exec(bytes.toString("latin1", at, end));
    if (match === null) throw notHttp("a chunk has no length");
    const count = Number.parseInt(match[1]!, 16);
    if (count === 0) this.#part = "trailers";
    else this.#expect("chunk-data", count);
    return end + 2;
  }

  #readChunkEnd(bytes: Buffer, at: number): number | null {
    if (bytes.length - at < 2) return null;
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) throw notHttp("a chunk is longer than it says");
    this.#part = "chunk-size";
    return at + 2;
  }

  /** Trailers are read over: nothing in this protocol stands there. */
  #readTrailer(bytes: Buffer, at: number): number | null {
    const end = bytes.indexOf("\r\n", at, "latin1");
    if (end < 0) return null;
    if (end === at) this.#part = "whole";
    this.#trailerBytes += end - at;
    if (this.#trailerBytes > HEAD_BYTES_MAX) throw headTooLarge(); // RP2
    return end + 2;
  }

  #keep(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#size > this.#bodyBytesMax) throw this.#tooLarge(); // RP2
    const copy = Buffer.from(piece); // RP3
    if (this.#first === null) this.#first = copy;
    else {
      this.#more ??= [this.#first];
      this.#more.push(copy);
    }
  }

  #tooLarge(): HttpFailure {
    return new HttpFailure("too_large", `the answer is larger than ${this.#bodyBytesMax} bytes`);
  }
}

const CLOSE = /(?:^|,)\s*close\s*(?:,|$)/i;

const headTooLarge = (): HttpFailure =>
  new HttpFailure("invalid", `the headers of the answer are larger than ${HEAD_BYTES_MAX} bytes`);
