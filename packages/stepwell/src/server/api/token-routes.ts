/** `/v1/tokens`: API tokens, shown once when they are made. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { parseDuration } from "../../protocol/duration.ts";
import { StepwellError } from "../../protocol/errors.ts";
import type { TokenRow } from "../../store/access.ts";
import { pathParam } from "./params.ts";
import { route } from "./route.ts";
import { credentialName, NewToken, scopeField, TokenRecord } from "./schemas-access.ts";

const common = { tag: "Access", scope: "admin", family: "v1" } as const;

export const TOKEN_ROUTES = [
  route({
    ...common,
    method: "GET",
    path: "/v1/tokens",
    operationId: "listTokens",
    summary: "The API tokens, newest first",
    replies: { 200: { description: "All of them, without what they are.", schema: z.array(TokenRecord) } },
    handler: (_input, { access }) => ({ data: access.tokens.list().map(tokenRecord) }),
  }),
  route({
    ...common,
    method: "POST",
    path: "/v1/tokens",
    operationId: "createToken",
    summary: "Make an API token",
    description: "The answer has the token, this once: only its hash is stored.",
    audit: "own",
    body: z.object({
      name: credentialName,
      scope: scopeField,
      expires_in: z
        .union([z.string(), z.number()])
        .nullish()
        .meta({ description: "`90d`, or milliseconds; until it is revoked when left out." }),
    }),
    replies: { 201: { description: "The token.", schema: NewToken } },
    errors: ["too_many_credentials"],
    async handler({ body, request }, { access }) {
      const { name, scope, expires_in: expiresIn = null } = body;
      const untilAt = expiresIn === null ? null : access.now() + durationOf(expiresIn);
      const { row, token } = await access.tokens.create(request.caller, { name, scope, untilAt });
      return { status: 201, data: { ...tokenRecord(row), token } };
    },
  }),
  route({
    ...common,
    method: "DELETE",
    path: "/v1/tokens/:id",
    operationId: "revokeToken",
    summary: "Revoke an API token",
    audit: "own",
    params: { id: pathParam("The token's id.") },
    replies: { 204: { description: "Nobody gets in with it any more." } },
    errors: ["not_found"],
    async handler({ path, request }, { access }) {
      await access.tokens.revoke(request.caller, path.id);
      return new Response(null, { status: 204 });
    },
  }),
];

const MS_MAX = 10 * 366 * 86_400_000;

function durationOf(value: string | number): number {
  const ms = typeof value === "number" ? value : parseDuration(value);
  if (ms !== null && Number.isInteger(ms) && ms > 0 && ms <= MS_MAX) return ms;
  throw new StepwellError("body_invalid", { reason: "expires_in must be a duration up to ten years" });
}

function tokenRecord({ id, name, scope, createdAt, createdBy, usedAt, untilAt }: TokenRow) {
  return {
    id,
    name,
    scope,
    created_at: isoTime(createdAt),
    created_by: createdBy,
    used_at: usedAt === null ? null : isoTime(usedAt),
    expires_at: untilAt === null ? null : isoTime(untilAt),
  };
}
