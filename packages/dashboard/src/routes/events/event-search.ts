/** The filters of the events list, as its address holds them. */
export interface EventSearch {
  readonly name?: string | undefined;
}

export function readEventSearch(search: Record<string, unknown>): EventSearch {
  const name = search["name"];
  return typeof name === "string" && name !== "" ? { name: name.slice(0, 256) } : {};
}
