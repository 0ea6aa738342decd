/**
 * Text in SQLite is UTF-8, which cannot carry half of a surrogate pair; JavaScript strings can. Such a text is stored
 * as a mark followed by its JSON, in which the half is an escape; so is a text that begins with the mark itself.
 * Every other text, and that is nearly every one, is stored as it is.
 *
 *   X1. `decodeText(encodeText(text)) === text` for every string, and different texts are stored differently.
 *   X2. No text is stored as the mark followed by anything but JSON: what begins with the mark and then otherwise is free
 *       for references to large values (blobs.ts).
 */
export const MARK = "\u{10ffff}";

export function encodeText(text: string): string {
  return text.isWellFormed() && !text.startsWith(MARK) ? text : MARK + JSON.stringify(text);
}

export function decodeText(stored: string): string {
  return stored.startsWith(MARK) ? (JSON.parse(stored.slice(MARK.length)) as string) : stored;
}

export function encodeTextOrNull(text: string | null): string | null {
  return text === null ? null : encodeText(text);
}

export function decodeTextOrNull(stored: string | null): string | null {
  return stored === null ? null : decodeText(stored);
}
