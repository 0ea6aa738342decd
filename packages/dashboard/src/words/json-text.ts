/** JSON for people: laid out, cut where it is too long to show, and split into pieces that can be coloured. */

export const SHOWN_CHARS_MAX = 60_000;

export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "null";
}

export interface Piece {
  readonly kind: "plain" | "key" | "text" | "atom";
  readonly text: string;
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/** The laid-out text in pieces; together they are the text again. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > end) pieces.push({ kind: "plain", text: text.slice(end, match.index) });
    const [whole, quoted, colon] = match;
    if (quoted === undefined) pieces.push({ kind: "atom", text: whole });
    else {
      pieces.push({ kind: colon === undefined ? "text" : "key", text: quoted });
      if (colon !== undefined) pieces.push({ kind: "plain", text: colon });
    }
    end = match.index + whole.length;
  }
  if (end < text.length) pieces.push({ kind: "plain", text: text.slice(end) });
  return pieces;
}

export type Reading = { readonly value: unknown } | { readonly problem: string };

/** What somebody typed. */
export function readJson(text: string): Reading {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "It is no JSON." };
  }
}

/** The first piece of a value, on one line. */
export function previewText(value: unknown, charsMax = 160): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
}
