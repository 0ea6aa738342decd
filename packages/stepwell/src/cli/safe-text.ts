/** Text of somebody else's on the terminal: control characters, which could move the cursor or set titles, are shown. */

/** C0, DEL and C1, and the marks that turn the direction of text; a tab may stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text in one line. */
export function safeText(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Its lines, each safe. */
export function safeLines(text: string): string[] {
  return text.split(/\r?\n/).map(safeText);
}
