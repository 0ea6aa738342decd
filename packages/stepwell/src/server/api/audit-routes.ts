/** `/v1/audit`: who changed what. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { AuditRow } from "../../store/access.ts";
import { cutPage } from "./answer.ts";
import { cursor, limit, text } from "./params.ts";
import { route } from "./route.ts";
import { AuditRecord } from "./schemas-access.ts";

const AUDIT_MAX = 100;

export const AUDIT_ROUTES = [
  route({
    method: "GET",
    path: "/v1/audit",
    operationId: "listAudit",
    summary: "Who changed what, newest first",
    description: "What apps do with the signing key in their ordinary work (events, signals, results) is not here.",
    tag: "Access",
    scope: "admin",
    family: "v1",
    query: {
      action: text("The operation id of what was done."),
      actor: text("The name of the user or the token."),
      limit: limit(AUDIT_MAX),
      cursor,
    },
    replies: { 200: { description: "A page of it.", schema: z.array(AuditRecord), isPage: true } },
    async handler({ query }, { store }) {
      const { action, actor, cursor: before } = query;
      const filter = {
        ...(action === undefined ? {} : { action }),
        ...(actor === undefined ? {} : { actor }),
        ...(before === undefined ? {} : { before }),
      };
      const { rows, page } = cutPage(await store.listAudit({ ...filter, limit: query.limit + 1 }), query.limit);
      return { data: rows.map(auditRecord), page };
    },
  }),
];

function auditRecord({ id, at, actorKind, actor, action, target, address, outcome, details }: AuditRow) {
  return {
    id,
    at: isoTime(at),
    actor: { kind: actorKind, name: actor },
    action,
    target,
    address,
    outcome,
    details: JSON.parse(details) as JsonObject,
  };
}
