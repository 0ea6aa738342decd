/** Syncs of apps: what each one changed, and those that failed. */
import { z } from "zod";
import { isoTime } from "../../core/instant.ts";
import { appHistory } from "../app-history.ts";
import { appOf } from "./find.ts";
import { appRef, limit } from "./params.ts";
import { route } from "./route.ts";
import { anyJson, when } from "./schemas.ts";

const SYNCS_MAX = 50;

export const AppSyncRecord = z
  .object({
    at: when,
    functions: z.array(
      z.object({
        slug: z.string(),
        kind: z.enum(["added", "changed", "removed"]),
        version: z.number().int(),
        changes: z.array(
          z.object({
            path: z.string().meta({ description: "Where in the configuration: `triggers[0].event`." }),
            before: anyJson.optional(),
            after: anyJson.optional(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: "AppSync", description: "A sync that changed something. The last 20 versions of a function are told." });

export const SyncFailureRecord = z
  .object({
    url: z.string(),
    app: z.string().nullable(),
    first_at: when,
    last_at: when,
    count: z.number().int(),
    code: z.string(),
    message: z.string(),
    fix: z.string(),
  })
  .meta({ id: "SyncFailure" });

export const SYNC_ROUTES = [
  route({
    method: "GET",
    path: "/v1/apps/:id/syncs",
    operationId: "listAppSyncs",
    summary: "What the syncs of an app changed, the newest first",
    tag: "Apps",
    scope: "read",
    family: "v1",
    params: { id: appRef },
    query: { limit: limit(SYNCS_MAX) },
    replies: { 200: { description: "The syncs.", schema: z.array(AppSyncRecord) } },
    errors: ["not_found"],
    async handler({ path, query }, context) {
      const syncs = await appHistory(context.store, appOf(context, path.id).id, query.limit);
      return {
        data: syncs.map(({ at, functions }) => ({
          at: isoTime(at),
          functions: functions.map((fn) => ({
            ...fn,
            changes: fn.changes.map(({ path: where, before, after }) => ({
              path: where,
              ...(before === undefined ? {} : { before }),
              ...(after === undefined ? {} : { after }),
            })),
          })),
        })),
      };
    },
  }),
  route({
    method: "GET",
    path: "/v1/syncs/failures",
    operationId: "listSyncFailures",
    summary: "Addresses whose last sync failed, with what to do",
    description: "Since this process began. An address that answers properly leaves the list.",
    tag: "Apps",
    scope: "read",
    family: "v1",
    replies: { 200: { description: "The latest first.", schema: z.array(SyncFailureRecord) } },
    handler(_input, context) {
      return {
        data: context.syncFailures.list().map(({ url, app, firstAt, lastAt, count, error }) => ({
          url,
          app,
          first_at: isoTime(firstAt),
          last_at: isoTime(lastAt),
          count,
          code: error.code,
          message: error.message,
          fix: error.fix,
        })),
      };
    },
  }),
];
