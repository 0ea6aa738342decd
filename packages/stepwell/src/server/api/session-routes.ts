/** `/v1/session` and `/v1/setup`: who is logged in, logging in and out, and choosing a password by a link. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { isStepwellError, StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Principal } from "../access/caller.ts";
import { sessionCookie } from "../access/cookie.ts";
import type { OpenedSession } from "../access/sessions.ts";
import { nameKey } from "../access/users.ts";
import type { ApiContext } from "./api-engine.ts";
import { type Data, type RequestFacts, route } from "./route.ts";
import { when } from "./schemas.ts";
import { PrincipalRecord, scopeField } from "./schemas-access.ts";

export const SessionRecord = z
  .object({
    login: z.enum(["none", "required"]).meta({ description: "`none`: whoever reaches the server may do everything." }),
    needs_setup: z
      .boolean()
      .meta({ description: "There is no user yet; `stepwell start` printed a link to make one." }),
    principal: PrincipalRecord.nullable(),
    ends_at: when.nullable().meta({ description: "When the session ends if nobody uses it." }),
  })
  .meta({ id: "Session" });

export const LinkRecord = z
  .object({
    kind: z.enum(["first", "invited", "reset"]).meta({ description: "`first`: the guest chooses the name too." }),
    name: z.string().nullable(),
    scope: scopeField,
    expires_at: when,
  })
  .meta({ id: "PasswordLink" });

/** Longer than any that is good: what is too long is refused by the rule, with its reason. */
const TEXT_CHARS_MAX = 1_024;
const secret = z.string().min(1, "must not be empty").max(TEXT_CHARS_MAX, "is too long");
const password = secret.meta({
  description: `${LIMITS.passwordCharsMin} to ${LIMITS.passwordCharsMax} characters.`,
});
const link = secret.meta({ description: "What stands behind the `#` of the link." });

export const SESSION_ROUTES = [
  route({
    method: "GET",
    path: "/v1/session",
    operationId: "getSession",
    summary: "Who asks, and whether anybody has to log in",
    tag: "Access",
    scope: "public",
    family: "v1",
    replies: { 200: { description: "`principal` is null for whoever proved nothing.", schema: SessionRecord } },
    handler: ({ request }, context) => ({ data: sessionRecord(request.caller.principal, context) }),
  }),
  route({
    method: "POST",
    path: "/v1/session",
    operationId: "login",
    summary: "Log in",
    description: "Sets a cookie that scripts cannot read. Too many attempts are refused for some minutes.",
    tag: "Access",
    scope: "public",
    audit: "own",
    family: "v1",
    body: z.object({ name: secret, password: secret }),
    replies: { 200: { description: "The session.", schema: SessionRecord } },
    errors: ["login_failed", "too_many_attempts", "origin_refused"],
    async handler({ body, request }, context) {
      const { access, metrics } = context;
      if (request.header("x-forwarded-for") !== undefined) access.warnOfProxy();
      try {
        const opened = await access.sessions.login(request.caller, body.name, body.password, request.sessionSecret);
        metrics.loggedIn("done");
        return withCookie(opened, request, context);
      } catch (error) {
        metrics.loggedIn(isStepwellError(error) && error.code === "too_many_attempts" ? "refused" : "failed");
        throw error;
      }
    },
  }),
  route({
    method: "DELETE",
    path: "/v1/session",
    operationId: "logout",
    summary: "Log out",
    tag: "Access",
    scope: "public",
    audit: "own",
    family: "v1",
    replies: { 200: { description: "The session is over, if there was one.", schema: SessionRecord } },
    errors: ["origin_refused"],
    async handler({ request }, context) {
      await context.access.sessions.logout(request.caller);
      const cookie = sessionCookie("", 0, request.caller.isSecure);
      return { data: sessionRecord(null, context), headers: { "set-cookie": cookie } };
    },
  }),
  route({
    method: "PUT",
    path: "/v1/session/password",
    operationId: "changePassword",
    summary: "Change one's own password",
    description: "Every session of the user ends; the answer begins a new one.",
    tag: "Access",
    scope: "read",
    audit: "own",
    family: "v1",
    body: z.object({ current: secret, password }),
    replies: { 200: { description: "The new session.", schema: SessionRecord } },
    errors: ["login_failed", "password_invalid", "session_needed", "too_many_attempts"],
    async handler({ body, request }, context) {
      const { access } = context;
      const { caller } = request;
      if (caller.principal?.kind !== "session") throw new StepwellError("session_needed");
      const { id, name } = caller.principal;
      const giveBack = access.attempts.begin(caller.address, nameKey(name), access.now());
      const user = await access.users.changePassword(caller, id, body.current, body.password);
      giveBack();
      return withCookie(await access.sessions.open(caller, user, null, "login"), request, context);
    },
  }),
  route({
    method: "POST",
    path: "/v1/setup/look",
    operationId: "lookAtLink",
    summary: "What a link for a password is for",
    tag: "Access",
    scope: "public",
    audit: "none",
    family: "v1",
    body: z.object({ link }),
    replies: { 200: { description: "It can be used.", schema: LinkRecord } },
    errors: ["link_invalid", "too_many_attempts"],
    async handler({ body, request }, { access }) {
      const giveBack = access.attempts.begin(request.caller.address, null, access.now());
      const { kind, name, scope, untilAt } = access.users.look(body.link);
      giveBack();
      return { data: { kind, name, scope, expires_at: isoTime(untilAt) } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/setup",
    operationId: "followLink",
    summary: "Choose a password by a link, and log in",
    description: "The link is used up. The first user chooses a name as well, and may do everything.",
    tag: "Access",
    scope: "public",
    audit: "own",
    family: "v1",
    body: z.object({ link, password, name: secret.nullish() }),
    replies: { 200: { description: "The session.", schema: SessionRecord } },
    errors: ["link_invalid", "password_invalid", "user_exists", "too_many_attempts", "origin_refused"],
    async handler({ body, request }, context) {
      const { access } = context;
      const { caller, sessionSecret } = request;
      const giveBack = access.attempts.begin(caller.address, null, access.now());
      access.users.look(body.link); // Whoever has a good link may choose a bad password as often as it takes.
      giveBack();
      const user = await access.users.follow(caller, body.link, body.password, body.name ?? null);
      return withCookie(await access.sessions.open(caller, user, sessionSecret, "login"), request, context);
    },
  }),
];

function sessionRecord(principal: Principal | null, { access }: ApiContext) {
  const endsAt = principal === null ? null : access.sessions.endOf(principal);
  return {
    login: access.isOpen ? "none" : "required",
    needs_setup: !access.isOpen && access.users.isEmpty,
    principal: principal === null ? null : { kind: principal.kind, name: principal.name, scope: principal.scope },
    ends_at: endsAt === null ? null : isoTime(endsAt),
  };
}

function withCookie({ secret, principal }: OpenedSession, { caller }: RequestFacts, context: ApiContext): Data {
  const cookie = sessionCookie(secret, LIMITS.sessionMs, caller.isSecure);
  return { data: sessionRecord(principal, context), headers: { "set-cookie": cookie } };
}
