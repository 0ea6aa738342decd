/** Server-sent events, parsed from chunks of text as they come. */

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** Returns the events that a chunk completes; what is left waits for the next chunk. */
export function createSseParser(): (chunk: string) => ServerSentEvent[] {
  let rest = "";
  return (chunk) => {
    const blocks = (rest + chunk).replace(/\r\n?/g, "\n").split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.map(parseBlock).filter((event) => event !== null);
  };
}

function parseBlock(block: string): ServerSentEvent | null {
  let event = "message";
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const match = /^([^:]+)(?:: ?(.*))?$/.exec(line);
    if (match === null) continue; // A comment: the line begins with a colon.
    const [, field, value = ""] = match;
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  }
  return data.length === 0 ? null : { event, data: data.join("\n"), id };
}
