/** Every route that the server answers, once. */

import { ENDPOINT_ROUTES } from "../endpoints/endpoint-routes.ts";
import { REALTIME_ROUTES } from "../realtime/realtime-routes.ts";
import { ABSENT_ROUTES } from "./absent-routes.ts";
import { APP_ROUTES } from "./app-routes.ts";
import { AUDIT_ROUTES } from "./audit-routes.ts";
import { CANCELLATION_ROUTES } from "./cancellation-routes.ts";
import { DASHBOARD_ROUTES } from "./dashboard-routes.ts";
import { DOCTOR_ROUTES } from "./doctor-routes.ts";
import { EVENT_ROUTES } from "./event-routes.ts";
import { EXPLAIN_ROUTES } from "./explain-routes.ts";
import { FUNCTION_ROUTES } from "./function-routes.ts";
import { INVOKE_ROUTES } from "./invoke-routes.ts";
import { KEY_ROUTES } from "./key-routes.ts";
import { LOG_ROUTES } from "./log-routes.ts";
import { openApiRoutes } from "./openapi-routes.ts";
import { OPERATION_ROUTES } from "./operation-routes.ts";
import { PENDING_ROUTES } from "./pending-routes.ts";
import { RAW_ROUTES } from "./raw-routes.ts";
import { REGISTRATION_ROUTES } from "./registration-routes.ts";
import type { Route } from "./route.ts";
import { RUN_ACTION_ROUTES } from "./run-action-routes.ts";
import { RUN_EVENT_ROUTES } from "./run-event-routes.ts";
import { RUN_ROUTES } from "./run-routes.ts";
import { SERVER_ROUTES } from "./server-routes.ts";
import { SESSION_ROUTES } from "./session-routes.ts";
import { SETTINGS_ROUTES } from "./settings-routes.ts";
import { SIGNAL_ROUTES } from "./signal-routes.ts";
import { STATE_ROUTES } from "./state-routes.ts";
import { STATS_ROUTES } from "./stats-routes.ts";
import { SYNC_ROUTES } from "./sync-routes.ts";
import { TICK_ROUTES } from "./tick-routes.ts";
import { TOKEN_ROUTES } from "./token-routes.ts";
import { USER_ROUTES } from "./user-routes.ts";
import { APP_ROUTES_V2 } from "./v2/app-routes-v2.ts";
import { RUN_ACTION_ROUTES_V2 } from "./v2/run-action-routes-v2.ts";
import { RUN_ROUTES_V2 } from "./v2/run-routes-v2.ts";
import { WAITING_ROUTES } from "./waiting-routes.ts";

export const ROUTES: readonly Route[] = [
  ...RAW_ROUTES,
  ...ENDPOINT_ROUTES,
  ...REALTIME_ROUTES,
  ...EVENT_ROUTES,
  ...RUN_ROUTES,
  ...RUN_EVENT_ROUTES,
  ...RUN_ACTION_ROUTES,
  ...EXPLAIN_ROUTES,
  ...LOG_ROUTES,
  ...FUNCTION_ROUTES,
  ...INVOKE_ROUTES,
  ...PENDING_ROUTES,
  ...WAITING_ROUTES,
  ...APP_ROUTES,
  ...SYNC_ROUTES,
  ...TICK_ROUTES,
  ...SIGNAL_ROUTES,
  ...OPERATION_ROUTES,
  ...CANCELLATION_ROUTES,
  ...REGISTRATION_ROUTES,
  ...STATE_ROUTES,
  ...STATS_ROUTES,
  ...ABSENT_ROUTES,
  ...SERVER_ROUTES,
  ...SETTINGS_ROUTES,
  ...DOCTOR_ROUTES,
  ...SESSION_ROUTES,
  ...USER_ROUTES,
  ...TOKEN_ROUTES,
  ...KEY_ROUTES,
  ...AUDIT_ROUTES,
  ...DASHBOARD_ROUTES,
  ...APP_ROUTES_V2,
  ...RUN_ROUTES_V2,
  ...RUN_ACTION_ROUTES_V2,
  ...openApiRoutes(() => ROUTES),
];
