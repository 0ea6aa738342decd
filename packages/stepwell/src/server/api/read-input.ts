/**
 * From a request to what a handler gets. What does not fit is refused by name, with the first reason.
 *
 *   RI1. A query parameter that is empty counts as absent; one that is unknown is ignored, as is an unknown field.
 *   RI2. JSON is welcome under any content type (a plain `curl -d` says it sends a form); other bodies are named.
 */
import type { Context } from "hono";
import type { z } from "zod";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Access } from "../access/access.ts";
import type { Caller } from "../access/caller.ts";
import { parseJsonBody, readBody } from "../body.ts";
import type { HttpEnv } from "../http-env.ts";
import type { Input, RequestFacts, Route, Shape, Values } from "./route.ts";

export async function readInput(
  route: Route,
  c: Context<HttpEnv>,
  request: RequestFacts,
): Promise<Input<Shape, Shape, z.ZodType>> {
  const path = c.req.param() as Values<Shape>;
  const query = readQuery(route.query, (name) => readParam(route, c, name));
  const body = route.body === null ? undefined : await readJson(route, route.body, c);
  return { path, query, body, request };
}

export function invalid(name: string, reason: string): StepwellError {
  return new StepwellError("query_invalid", { name, reason });
}

/** Repeated parameters are a list where the wire has lists; elsewhere the first one counts. */
function readParam({ family }: Route, c: Context<HttpEnv>, name: string): string | undefined {
  return family === "v2" ? c.req.queries(name)?.join(",") : c.req.query(name);
}

function readQuery(shape: Shape, read: (name: string) => string | undefined): Values<Shape> {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const text = read(name);
    const parsed = schema.safeParse(text === "" ? undefined : text); // RI1
    if (!parsed.success) {
      throw invalid(name, parsed.error.issues[0]?.message ?? "it is not valid");
    }
    values[name] = parsed.data;
  }
  return values;
}

async function readJson({ scope, family }: Route, schema: z.ZodType, c: Context<HttpEnv>): Promise<unknown> {
  const bytesMax = scope === "public" ? LIMITS.publicBodyBytesMax : LIMITS.apiBodyBytesMax;
  const bytes = await readBody(c.env.incoming, bytesMax);
  if (family !== "bare") refuseOtherTypes(c, bytes); // SDKs of old send other types.
  const isEmpty = bytes.every((byte) => byte <= 0x20);
  const parsed = schema.safeParse(isEmpty && isOptional(schema) ? undefined : parseJsonBody(bytes));
  if (parsed.success) return parsed.data;
  throw invalidBody(parsed.error);
}

/** What does not fit its schema, with the first reason. */
export function invalidBody(error: z.ZodError): StepwellError {
  return new StepwellError("body_invalid", { reason: issueText(error.issues[0]) });
}

export function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}

/** RI2. */
function refuseOtherTypes(c: Context<HttpEnv>, body: Buffer): void {
  const encoding = c.req.header("content-encoding");
  if (encoding !== undefined && encoding !== "identity") {
    throw new StepwellError("content_type_unsupported", { type: `(encoded as ${encoding.slice(0, 64)})` });
  }
  const type = c.req.header("content-type");
  if (type === undefined || /json/i.test(type) || body.length === 0) return;
  if (/^\s*[[{]/.test(body.toString("latin1", 0, 256))) return;
  throw new StepwellError("content_type_unsupported", { type: type.slice(0, 128) });
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

/** The reason in the words of the other errors: what it must be, by its place. */
function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "it does not fit";
  const place = issue.path.length === 0 ? "it" : issue.path.map(String).join(".");
  const kind = issue.code === "invalid_type" ? KINDS[issue.expected] : undefined;
  return `${place} ${kind === undefined ? issue.message : `must be ${kind}`}`;
}

export function requestFacts(c: Context<HttpEnv>, access: Access, caller: Caller): RequestFacts {
  return {
    caller,
    sessionSecret: access.sessionSecretOf(c.env.incoming),
    header: (name) => c.req.header(name),
    closed() {
      const controller = new AbortController();
      const { outgoing } = c.env;
      if (outgoing.destroyed) controller.abort();
      else outgoing.once("close", () => controller.abort());
      return controller.signal;
    },
  };
}
