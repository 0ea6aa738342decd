/** The bindings of routes: the bare request is there for reading bodies with a limit. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { LIMITS } from "../protocol/limits.ts";
import { parseJsonBody, readBody } from "./body.ts";

export interface HttpEnv {
  readonly Bindings: HttpBindings;
}

/** The JSON body of a request, read with the limit of API requests. */
export async function jsonBody(c: Context<HttpEnv>): Promise<unknown> {
  return parseJsonBody(await readBody(c.env.incoming, LIMITS.apiBodyBytesMax));
}
