/** The bindings of routes: the bare request is there for reading bodies with a limit. */
import type { HttpBindings } from "@hono/node-server";

export interface HttpEnv {
  readonly Bindings: HttpBindings;
}
