/**
 * The table as an OpenAPI 3.1 description.
 *
 *   OA1. The same table gives the same text: nothing of the moment or the machine goes in.
 *   OA2. A schema with an id stands once, under components; everything else refers to it.
 */
import { z } from "zod";
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import { VERSION } from "../../protocol/version.ts";
import { isOptional } from "./read-input.ts";
import type { Family, Reply, Route, Shape } from "./route.ts";
import { ErrorV1, ErrorV2, MetadataV1, MetadataV2, PageV1, PageV2 } from "./schemas.ts";

type Json = Record<string, unknown>;

const DESCRIPTION =
  "What the server answers. `x-scope` is what a caller must be allowed to do: read, operate or admin, each including " +
  "those before it; a signing key may do everything, and a `dev` server on an address of this machine asks nobody. Unknown fields of answers are to be ignored: there will be more.";

const TAGS = [
  { name: "Events", description: "What happened." },
  { name: "Runs", description: "What functions made of it." },
  { name: "Functions", description: "What can be started." },
  { name: "Apps", description: "Where functions are served." },
  { name: "Signals", description: "Words to one waiting run." },
  { name: "Pending", description: "Debounces and batches that gather events." },
  { name: "Operations", description: "Work on many runs at once." },
  { name: "Logs", description: "What handlers log." },
  { name: "SDK", description: "What SDKs ask while they sync and execute." },
  { name: "Access", description: "Who may use the server, and who changed what." },
  { name: "Server", description: "The server itself." },
];

export function openApi(routes: readonly Route[]): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  const document = {
    openapi: "3.1.0",
    info: {
      title: "Stepwell",
      version: VERSION,
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://localhost:8288" }],
    tags: TAGS,
    security: [{ signingKey: [] }, { token: [] }, { session: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        signingKey: { type: "http", scheme: "bearer", description: "The signing key, plain or hashed." },
        token: { type: "http", scheme: "bearer", description: "An API token." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "stepwell-session",
          description: "What a log-in sets; over https its name begins with `__Host-`. Pages of this server only.",
        },
      },
    },
  };
  return JSON.parse(JSON.stringify(document)) as Json; // What is undefined goes.
}

/** `/v1/runs/:id` as `/v1/runs/{id}`. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

function operation(route: Route, schemas: Json): Json {
  const { operationId, summary, tag, scope, body, aliases = [] } = route;
  const parameters = [...parametersIn("path", route.params, schemas), ...parametersIn("query", route.query, schemas)];
  return {
    operationId,
    summary,
    description: route.description,
    tags: [tag],
    ...(scope === "public" ? { security: [] } : {}),
    "x-scope": scope,
    ...(aliases.length === 0 ? {} : { "x-aliases": aliases.map(openApiPath) }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: { required: !isOptional(body), content: json(schemaOf(body, schemas)) } }),
    responses: { ...replies(route, schemas), ...errorReplies(route, schemas) },
  };
}

function parametersIn(place: "path" | "query", shape: Shape, schemas: Json): Json[] {
  return Object.entries(shape).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema, schemas);
    return { name, in: place, required: place === "path" || !isOptional(schema), description, schema: rest };
  });
}

function replies({ replies, family }: Route, schemas: Json): Json {
  const entries = Object.entries(replies).map(([status, reply]) => {
    const { description, contentType } = reply;
    const body = replyBody(reply, family);
    if (contentType !== undefined)
      return [status, { description, content: { [contentType]: { schema: { type: "string" } } } }];
    return [status, body === null ? { description } : { description, content: json(schemaOf(body, schemas)) }];
  });
  return Object.fromEntries(entries) as Json;
}

/** The whole body of an answer, envelope included; null when there is none. */
export function replyBody({ schema, isPage = false, more = {} }: Reply, family: Family): z.ZodType | null {
  if (schema === undefined || family === "bare") return schema ?? null;
  const [metadata, page] = family === "v2" ? [MetadataV2, PageV2] : [MetadataV1, PageV1];
  return z.object({ data: schema, metadata, ...more, ...(isPage ? { page } : {}) });
}

/** Grouped by status: a client sees what each of them can mean. */
function errorReplies(route: Route, schemas: Json): Json {
  const byStatus = new Map<number, string[]>();
  for (const code of new Set([...(route.errors ?? []), ...commonErrors(route)])) {
    const { status, message } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${message}`]);
  }
  const content = json(schemaOf(route.family === "v2" ? ErrorV2 : ErrorV1, schemas));
  const entries = [...byStatus].map(([status, lines]) => [status, { description: lines.join("\n\n"), content }]);
  return Object.fromEntries(entries) as Json;
}

/** What any request of this kind may meet. */
function commonErrors({ scope, query, body, family, method }: Route): ErrorCode[] {
  return [
    ...(Object.keys(query).length > 0 ? (["query_invalid"] as const) : []),
    ...(body === null ? [] : (["body_invalid", "body_too_large", "body_too_deep"] as const)),
    ...(body === null || family === "bare" ? [] : (["content_type_unsupported"] as const)),
    ...(scope === "public" ? [] : (["unauthorized", "forbidden"] as const)),
    ...(method === "GET" ? [] : (["server_stopping", "server_overloaded"] as const)),
    "internal_error",
  ];
}

function json(schema: Json): Json {
  return { "application/json": { schema } };
}

/** The schema as JSON Schema; what it refers to goes to `schemas` (OA2). */
function schemaOf(schema: z.ZodType, schemas: Json): Json {
  // As input: answers may get more fields one day, so `additionalProperties` is not closed.
  const converted = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const text = JSON.stringify(converted).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $schema: _dialect, $defs, ...rest } = JSON.parse(text) as Json & { $defs?: Json };
  for (const [id, definition] of Object.entries($defs ?? {})) schemas[id] = withoutId(definition as Json);
  const id = rest["id"];
  if (typeof id !== "string") return rest;
  schemas[id] = withoutId(rest);
  return { $ref: `#/components/schemas/${id}` };
}

/** The name of a schema is where it stands. */
function withoutId({ id: _id, ...rest }: Json): Json {
  return rest;
}
