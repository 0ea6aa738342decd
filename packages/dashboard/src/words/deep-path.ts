/** Addresses of views whose names have slashes, as somebody types them: links have such a name as one piece. */

const DEEP = /^(\/(?:functions|apps)\/)([^/]+\/.+)$/;

/** The path with the name as one piece; null: it is one already. */
export function onePiecePath(path: string): string | null {
  const [, place, name] = DEEP.exec(path) ?? [];
  return place === undefined || name === undefined ? null : place + name.replaceAll("/", "%2F");
}
