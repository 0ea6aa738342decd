/** What the routes of access answer and take. */
import { z } from "zod";
import { anyObject, id, when } from "./schemas.ts";

export const scopeField = z
  .enum(["read", "operate", "admin"], "must be read, operate or admin")
  .meta({ description: "What may be done; each includes those before it." });

export const credentialName = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(64, "must have at most 64 characters")
  .regex(/^[^\p{C}]+$/u, "must have no control characters")
  .meta({ description: "For people: what it is for." });

export const PrincipalRecord = z
  .object({
    kind: z.enum(["open", "session", "token", "signing_key"]),
    name: z.string(),
    scope: scopeField,
  })
  .meta({ id: "Principal" });

export const UserRecord = z
  .object({
    id,
    name: z.string(),
    scope: scopeField,
    has_password: z.boolean(),
    created_at: when,
    signed_in_at: when.nullable(),
  })
  .meta({ id: "User" });

export const UserLink = z
  .object({
    user: UserRecord,
    link: z.string().nullable().meta({ description: "A path of this server: `/setup#…`; null when none is needed." }),
  })
  .meta({ id: "UserLink" });

const tokenFields = {
  id,
  name: z.string(),
  scope: scopeField,
  created_at: when,
  created_by: z.string(),
  used_at: when.nullable().meta({ description: "To within some minutes." }),
  expires_at: when.nullable(),
};

export const TokenRecord = z.object(tokenFields).meta({ id: "Token" });
export const NewToken = z.object({ ...tokenFields, token: z.string() }).meta({ id: "NewToken" });

const keyFields = {
  id: z.string(),
  kind: z.enum(["event", "signing"]),
  name: z.string(),
  hint: z.string().meta({ description: "Its last characters." }),
  source: z.enum(["settings", "server"]).meta({ description: "`settings`: what the server was started with." }),
  created_at: when.nullable(),
  expires_at: when.nullable(),
};

export const KeyRecord = z.object(keyFields).meta({ id: "Key" });
export const NewKey = z.object({ ...keyFields, key: z.string() }).meta({ id: "NewKey" });

export const AuditRecord = z
  .object({
    id,
    at: when,
    actor: z.object({
      kind: z.string().meta({ description: "`session`, `token`, `signing_key`, `link`, `open`, `server` or `none`." }),
      name: z.string(),
    }),
    action: z.string().meta({ description: "The operation id of the route." }),
    target: z.string(),
    address: z.string().meta({ description: "Where the request came from." }),
    outcome: z.string().meta({ description: "`done`, the code of an error, or `begun` when it was broken off." }),
    details: anyObject,
  })
  .meta({ id: "AuditEntry" });
