/**
 * The head of an HTTP response: its status and its headers (RFC 9112). The form is checked at once, and headers are looked up
 * where they stand: most answers have more of them than anybody asks for.
 */
import { HttpFailure } from "./http-failure.ts";

const STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: [^\r\n\0]*)?(?:\r\n|$)/;
const HEAD = /^[^\r\n]*(?:\r\n[\w!#$%&'*+.^`|~-]+:[^\r\n\0]*)*$/;
const NONE: readonly string[] = [];

export class ResponseHead {
  readonly status: number;
  readonly isHttp10: boolean;
  readonly #text: string;
  readonly #lowerCase: string;
  /** Of each header: where its name begins, and where the colon stands. */
  readonly #places: number[] = [];

  /** `text` ends before the empty line. Throws an `HttpFailure` at what is no head. */
  constructor(text: string) {
    if (!STATUS_LINE.test(text)) throw notHttp();
    if (!HEAD.test(text)) throw notHttp("a header has no form");
    this.status = Number(text.slice(9, 12));
    this.isHttp10 = text[7] === "0";
    this.#text = text;
    this.#lowerCase = text.toLowerCase();
    for (let end = text.indexOf("\r\n"); end >= 0; ) {
      const begin = end + 2;
      const colon = text.indexOf(":", begin);
      this.#places.push(begin, colon);
      end = text.indexOf("\r\n", colon);
    }
  }

  /** The first value of a header by lower-case name. */
  get(name: string): string | undefined {
    const index = this.#find(name, 0);
    return index < 0 ? undefined : this.#valueAt(index);
  }

  /** Every value of a header by lower-case name. */
  all(name: string): readonly string[] {
    let index = this.#find(name, 0);
    if (index < 0) return NONE;
    const values: string[] = [];
    for (; index >= 0; index = this.#find(name, index + 2)) values.push(this.#valueAt(index));
    return values;
  }

  #find(name: string, from: number): number {
    const places = this.#places;
    for (let index = from; index < places.length; index += 2) {
      const begin = places[index]!;
      if (places[index + 1]! - begin === name.length && this.#lowerCase.startsWith(name, begin)) return index;
    }
    return -1;
  }

  #valueAt(index: number): string {
    const begin = this.#places[index + 1]! + 1;
    const end = this.#text.indexOf("\r\n", begin);
    return this.#text.slice(begin, end < 0 ? this.#text.length : end).trim();
  }
}

export const notHttp = (reason?: string): HttpFailure =>
  new HttpFailure("invalid", reason === undefined ? "it does not speak HTTP" : `it does not speak HTTP: ${reason}`);
