/**
 * A route, as data: everything about it that anybody has to know stands in its entry of the table (table.ts).
 *
 *   RT1. The server, the description (openapi.ts), authorisation and the documents are made from the entry, none beside it.
 *   RT2. A handler gets input that fits its schemas, and answers with data; reading and wrapping are not its work.
 *   RT3. A route that is `raw` is answered before the router is asked (server.ts); its entry describes it.
 */
import type { z } from "zod";
import { assert } from "../../core/assert.ts";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import type { Caller } from "../access/caller.ts";
import type { Origins } from "../access/origin.ts";
import type { ApiContext } from "./api-engine.ts";

/** What a caller must be allowed to do; each includes those before it. */
export type Scope = "public" | "read" | "operate" | "admin";

/** The form of answers and errors: with the envelope of /v1 or of /v2, or as the wire has them, bare. */
export type Family = "v1" | "v2" | "bare";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export type Tag =
  | "Events"
  | "Runs"
  | "Functions"
  | "Apps"
  | "Pending"
  | "Signals"
  | "Operations"
  | "Logs"
  | "SDK"
  | "Access"
  | "Server";

/** Parameters by name. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** Without a name. */
type NoShape = Readonly<Record<never, z.ZodType>>;

export type Values<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> };

/**
 * Which calls leave an audit row: `all` that change something; those of `people`, of tokens too, but not of apps in their
 * ordinary work; `own`: the handler stores it with its change; `none`: what apps do, which their runs tell.
 */
export type Audited = "all" | "people" | "own" | "none";

/** What a few handlers need of the request itself. */
export interface RequestFacts {
  readonly caller: Caller;
  /** The secret of the session that the browser has, whatever it is worth. */
  readonly sessionSecret: string | null;
  header(name: string): string | undefined;
  /** Aborts when the client goes away. */
  closed(): AbortSignal;
}

export interface Input<Path extends Shape, Query extends Shape, Body extends z.ZodType> {
  readonly path: Values<Path>;
  readonly query: Values<Query>;
  readonly body: z.output<Body>;
  readonly request: RequestFacts;
}

/** One page of a list: the cursor of the next one, or null. */
export interface PageFacts {
  readonly limit: number;
  readonly cursor: string | null;
  /** The time of the last row that was looked at, when the search's time was over. */
  readonly stoppedAt?: string;
}

/** What a handler answers, before its family wraps it. */
export interface Data {
  readonly data: JsonValue;
  /** 200 unless it says otherwise. */
  readonly status?: number;
  readonly page?: PageFacts;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields beside `data`. */
  readonly more?: JsonObject;
}

export type Result = Data | Response;

export interface Reply {
  readonly description: string;
  /** Of `data`, or of the whole body when the route is bare; absent: there is no body. */
  readonly schema?: z.ZodType;
  readonly isPage?: boolean;
  /** Fields beside `data`. */
  readonly more?: Shape;
  /** What is no JSON. */
  readonly contentType?: string;
}

interface Facts {
  readonly method: Method;
  /** As the router has it: `/v1/runs/:id`. */
  readonly path: string;
  /** Other addresses of the same. */
  readonly aliases?: readonly string[];
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: Tag;
  readonly scope: Scope;
  /** An app calls it. Where apps have no key to show (`dev` without one), they need none. */
  readonly isForApps?: boolean;
  /** Pages of which origins may ask; `own` when left out. */
  readonly origins?: Origins;
  /** `all` when left out. Reading leaves no row. */
  readonly audit?: Audited;
  /** With `dry_run` in its body it changes nothing. */
  readonly hasDryRun?: boolean;
  readonly family: Family;
  readonly replies: Readonly<Record<number, Reply>>;
  /** Codes beyond those that any request may meet. */
  readonly errors?: readonly ErrorCode[];
}

export interface RouteSpec<Path extends Shape, Query extends Shape, Body extends z.ZodType> extends Facts {
  readonly params?: Path;
  readonly query?: Query;
  readonly body?: Body;
  readonly handler: (input: Input<Path, Query, Body>, context: ApiContext) => Result | Promise<Result>;
}

export interface RawSpec extends Facts {
  readonly raw: true;
  readonly params?: Shape;
  readonly query?: Shape;
  readonly body?: z.ZodType;
}

/** An entry of the table, its types forgotten. */
export interface Route extends Facts {
  readonly params: Shape;
  readonly query: Shape;
  readonly body: z.ZodType | null;
  /** Null: raw (RT3). */
  readonly handler: RouteSpec<Shape, Shape, z.ZodType>["handler"] | null;
}

export function route<
  const Path extends Shape = NoShape,
  const Query extends Shape = NoShape,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<Path, Query, Body>): Route {
  const { params = {}, query = {}, body = null, ...rest } = spec;
  // The handler gets what these schemas make (read-input.ts): the types that are forgotten here were checked above.
  return { ...rest, params, query, body } as unknown as Route;
}

export function rawRoute({ raw: _raw, params = {}, query = {}, body, ...rest }: RawSpec): Route {
  return { ...rest, params, query, body: body ?? null, handler: null };
}

/** The entry of a raw route, for the code that answers it. */
export function entryOf(routes: readonly Route[], operationId: string): Route {
  const found = routes.find((one) => one.operationId === operationId);
  assert(found !== undefined, "a raw route is not in the table", { operationId });
  return found;
}

/** Every address of a route. */
export function pathsOf({ path, aliases = [] }: Route): readonly string[] {
  return [path, ...aliases];
}
