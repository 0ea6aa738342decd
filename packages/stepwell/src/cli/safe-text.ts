/**
 * Text of somebody else's on the terminal: control characters, which could move the cursor, set titles or hide a line, are
 * shown.
 *
 *   ST1. Whatever is printed passes `harmlessText`, so a place that forgets `safeText` is ugly, not dangerous.
 */

/** C0, DEL and C1, and the marks that turn the direction of text; a tab may stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The same but for ends of lines, and with a colour or another style as one match. */
const CONTROLS_OR_STYLE = new RegExp(`(\u001b\\[[\\d;]*m)|(?!\n)${CONTROLS.source}`, "g");

const shown = (control: string): string => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The text in one line. */
export function safeText(text: string): string {
  return text.replace(CONTROLS, shown);
}

/** Its lines, each safe. */
export function safeLines(text: string): string[] {
  return text.split(/\r?\n/).map(safeText);
}

/**
 * What is about to be printed, ours and others' mixed: lines stay lines, and styles stay where there are colours. In JSON
 * the value is the same, because there such a character may stand only inside a text.
 */
export function harmlessText(text: string, hasColors: boolean): string {
  return text.replace(/\r\n/g, "\n").replace(CONTROLS_OR_STYLE, (found, style: string | undefined) => {
    if (style === undefined) return shown(found);
    return hasColors ? style : "";
  });
}
