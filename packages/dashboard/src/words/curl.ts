/** A request as a command line. */
export function curlText(method: string, url: string, body?: unknown): string {
  const parts = ["curl"];
  if (method !== "GET") parts.push("-X", method);
  parts.push(quoted(url));
  if (body !== undefined) {
    parts.push("-H", quoted("content-type: application/json"), "-d", quoted(JSON.stringify(body)));
  }
  return parts.join(" ");
}

/** For a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
