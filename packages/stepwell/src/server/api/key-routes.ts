/**
 * `/v1/keys`: event keys, and which signing keys the server was started with. A signing key has to be shown to apps and used by
 * the server, so it stays in the settings of both and is stored nowhere; docs/security.md says how it is rotated.
 */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { parseDuration } from "../../protocol/duration.ts";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { EventKeyRow } from "../../store/access.ts";
import { hintOf } from "../access/secret.ts";
import type { ApiContext } from "./api-engine.ts";
import { pathParam } from "./params.ts";
import { route } from "./route.ts";
import { credentialName, KeyRecord, NewKey } from "./schemas-access.ts";

const common = { tag: "Access", scope: "admin", family: "v1" } as const;
const keyRef = pathParam("The key's id.");
const GRACE_MS_DEFAULT = 86_400_000;

export const KEY_ROUTES = [
  route({
    ...common,
    method: "GET",
    path: "/v1/keys",
    operationId: "listKeys",
    summary: "The keys of the server",
    replies: { 200: { description: "All of them, without what they are.", schema: z.array(KeyRecord) } },
    handler: (_input, context) => ({
      data: [...givenKeys(context), ...context.access.eventKeys.list().map(keyRecord)],
    }),
  }),
  route({
    ...common,
    method: "POST",
    path: "/v1/keys",
    operationId: "createKey",
    summary: "Make an event key",
    description: "The answer has the key, this once: only its hash is stored.",
    audit: "own",
    body: z.object({ name: credentialName }),
    replies: { 201: { description: "The key.", schema: NewKey } },
    errors: ["too_many_credentials"],
    async handler({ body, request }, { access }) {
      const { row, key } = await access.eventKeys.create(request.caller, body.name);
      return { status: 201, data: { ...keyRecord(row), key } };
    },
  }),
  route({
    ...common,
    method: "POST",
    path: "/v1/keys/:id/rotate",
    operationId: "rotateKey",
    summary: "Make another event key in place of one",
    description: "Both hold for a while, so that senders can change over.",
    audit: "own",
    params: { id: keyRef },
    body: z
      .object({
        grace: z
          .union([z.string(), z.number()])
          .nullish()
          .meta({ description: "How long the old key holds yet: `2h`, or milliseconds; a day when left out." }),
      })
      .prefault({}),
    replies: { 201: { description: "The new key.", schema: NewKey } },
    errors: ["not_found", "key_from_settings", "too_many_credentials"],
    async handler({ path, body, request }, context) {
      refuseGiven(path.id, context);
      const graceMs = graceOf(body.grace ?? null);
      const { row, key } = await context.access.eventKeys.rotate(request.caller, path.id, graceMs);
      return { status: 201, data: { ...keyRecord(row), key } };
    },
  }),
  route({
    ...common,
    method: "DELETE",
    path: "/v1/keys/:id",
    operationId: "revokeKey",
    summary: "Revoke an event key",
    audit: "own",
    params: { id: keyRef },
    replies: { 204: { description: "Nobody sends events with it any more." } },
    errors: ["not_found", "key_from_settings"],
    async handler({ path, request }, context) {
      refuseGiven(path.id, context);
      await context.access.eventKeys.revoke(request.caller, path.id);
      return new Response(null, { status: 204 });
    },
  }),
];

function graceOf(value: string | number | null): number {
  if (value === null) return GRACE_MS_DEFAULT;
  const ms = typeof value === "number" ? value : parseDuration(value);
  if (ms !== null && Number.isInteger(ms) && ms >= 0 && ms <= LIMITS.keyGraceMsMax) return ms;
  throw new StepwellError("body_invalid", { reason: "grace must be a duration up to 30 days" });
}

/** Those that the server was started with. */
function givenKeys({ access }: ApiContext) {
  const record = (kind: "signing" | "event", key: string, index: number, name: string) => ({
    id: `${kind}-${index + 1}`,
    kind,
    name,
    hint: hintOf(key),
    source: "settings",
    created_at: null,
    expires_at: null,
  });
  const signing = access.signingKeys.map((key, index) =>
    record("signing", key, index, index === 0 ? "signing key" : "fallback signing key"),
  );
  return [...signing, ...access.givenEventKeys.map((key, index) => record("event", key, index, "event key"))];
}

function refuseGiven(id: string, context: ApiContext): void {
  if (givenKeys(context).some((key) => key.id === id)) throw new StepwellError("key_from_settings", { key: id });
}

function keyRecord({ id, name, hint, createdAt, untilAt }: EventKeyRow) {
  return {
    id,
    kind: "event",
    name,
    hint,
    source: "server",
    created_at: isoTime(createdAt),
    expires_at: untilAt === null ? null : isoTime(untilAt),
  };
}
