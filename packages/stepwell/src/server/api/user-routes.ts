/** `/v1/users`: who may log in. Passwords are chosen by links, or given when a user is made by a program. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { UserRow } from "../../store/access.ts";
import type { Made } from "../access/users.ts";
import { pathParam } from "./params.ts";
import { route } from "./route.ts";
import { scopeField, UserLink, UserRecord } from "./schemas-access.ts";

const userRef = pathParam("The user's id or name.");
const common = { tag: "Access", scope: "admin", family: "v1" } as const;

export const USER_ROUTES = [
  route({
    ...common,
    method: "GET",
    path: "/v1/users",
    operationId: "listUsers",
    summary: "Who may log in",
    replies: { 200: { description: "All of them, by name.", schema: z.array(UserRecord) } },
    handler: (_input, { access }) => ({ data: access.users.list().map(userRecord) }),
  }),
  route({
    ...common,
    method: "POST",
    path: "/v1/users",
    operationId: "createUser",
    summary: "Make a user",
    description: "Without a password the answer has a link, good for a day, by which the user chooses one.",
    audit: "own",
    body: z.object({
      name: z.string().meta({ description: "1 to 64 characters; unique, whatever its case." }),
      scope: scopeField,
      password: z
        .string()
        .nullish()
        .meta({ description: `${LIMITS.passwordCharsMin} to ${LIMITS.passwordCharsMax} characters.` }),
    }),
    replies: { 201: { description: "The user.", schema: UserLink } },
    errors: ["user_exists", "password_invalid", "too_many_credentials"],
    async handler({ body, request }, { access }) {
      const { name, scope, password = null } = body;
      return { status: 201, data: linkRecord(await access.users.create(request.caller, { name, scope, password })) };
    },
  }),
  route({
    ...common,
    method: "PUT",
    path: "/v1/users/:id",
    operationId: "setUserScope",
    summary: "Change what a user may do",
    audit: "own",
    params: { id: userRef },
    body: z.object({ scope: scopeField }),
    replies: { 200: { description: "The user.", schema: UserRecord } },
    errors: ["not_found", "user_last_admin"],
    handler: async ({ path, body, request }, { access }) => ({
      data: userRecord(await access.users.setScope(request.caller, path.id, body.scope)),
    }),
  }),
  route({
    ...common,
    method: "DELETE",
    path: "/v1/users/:id",
    operationId: "deleteUser",
    summary: "Delete a user",
    description: "Sessions and links of the user end. Tokens that the user made go on; revoke them if they should not.",
    audit: "own",
    params: { id: userRef },
    replies: { 204: { description: "It is deleted." } },
    errors: ["not_found", "user_last_admin"],
    async handler({ path, request }, { access }) {
      await access.users.delete(request.caller, path.id);
      return new Response(null, { status: 204 });
    },
  }),
  route({
    ...common,
    method: "POST",
    path: "/v1/users/:id/link",
    operationId: "createUserLink",
    summary: "A link by which a user chooses a new password",
    description:
      "Good once, for a day; links made before it end. The present password holds until the new one is chosen.",
    audit: "own",
    params: { id: userRef },
    body: z.object({}).prefault({}),
    replies: { 201: { description: "The link.", schema: UserLink } },
    errors: ["not_found"],
    handler: async ({ path, request }, { access }) => ({
      status: 201,
      data: linkRecord(await access.users.makeLink(request.caller, path.id)),
    }),
  }),
  route({
    ...common,
    method: "DELETE",
    path: "/v1/users/:id/sessions",
    operationId: "endUserSessions",
    summary: "Log a user out everywhere",
    audit: "own",
    params: { id: userRef },
    replies: { 204: { description: "No session is left." } },
    errors: ["not_found"],
    async handler({ path, request }, { access }) {
      await access.users.endSessions(request.caller, path.id);
      return new Response(null, { status: 204 });
    },
  }),
];

function userRecord({ id, name, scope, password, createdAt, signedInAt }: UserRow) {
  return {
    id,
    name,
    scope,
    has_password: password !== null,
    created_at: isoTime(createdAt),
    signed_in_at: signedInAt === null ? null : isoTime(signedInAt),
  };
}

const linkRecord = ({ user, link }: Made) => ({
  user: userRecord(user),
  link: link === null ? null : `/setup#${link}`,
});
