/** Which addresses pages of every origin may ask and read (access/origin.ts): those of the table's routes that say so. */
import { pathsOf, type Route } from "./route.ts";

/** Whether an address belongs to such a route, whatever the method. */
export function anyOriginRoutes(routes: readonly Route[]): (url: string) => boolean {
  const paths = routes.filter((route) => route.origins === "any").flatMap(pathsOf);
  const patterns = paths.map((path) => path.replaceAll(/[.]/g, "\\.").replace(/:\w+/g, "[^/?]+"));
  const pattern = new RegExp(`^(?:${patterns.join("|")})(?:\\?|$)`);
  return (url) => pattern.test(url);
}
