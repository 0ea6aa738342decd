/** Reads a request's body, or answers 400 with what is wrong. */
import type { FastifyRequest } from "fastify";
import type { z } from "zod";

export function readBody<Schema extends z.ZodType>(request: FastifyRequest, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(request.body);
  if (result.success) return result.data;
  const reason = result.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`).join("; ");
  throw Object.assign(new Error(reason), { statusCode: 400 });
}
