/** The views and their addresses. Filters stand in the address, so a view can be sent to somebody. */
import { createRootRoute, createRoute, createRouter, Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Empty, Failure } from "./parts/states.tsx";
import { AppPage } from "./routes/apps/app-page.tsx";
import { AppsPage } from "./routes/apps/apps-page.tsx";
import { EventPage } from "./routes/events/event-page.tsx";
import { readEventSearch } from "./routes/events/event-search.ts";
import { EventsPage } from "./routes/events/events-page.tsx";
import { FunctionPage } from "./routes/functions/function-page.tsx";
import { FunctionsPage } from "./routes/functions/functions-page.tsx";
import { HomePage } from "./routes/home/home-page.tsx";
import { readLogSearch } from "./routes/logs/log-search.ts";
import { LogsPage } from "./routes/logs/logs-page.tsx";
import { OperationsPage } from "./routes/operations/operations-page.tsx";
import { QueuePage } from "./routes/queue/queue-page.tsx";
import { readWaitingSearch } from "./routes/queue/waiting-search.ts";
import { RunPage } from "./routes/run/run-page.tsx";
import { readRunSearch } from "./routes/runs/run-search.ts";
import { RunsPage } from "./routes/runs/runs-page.tsx";
import { SettingsPage } from "./routes/settings/settings-page.tsx";
import { Shell } from "./shell/shell.tsx";
import { onePiecePath } from "./words/deep-path.ts";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty isPage icon={Compass} title="There is nothing at this address.">
      <Link to="/">Go home</Link>
    </Empty>
  ),
  errorComponent: ({ error, reset }) => <Failure error={error} retry={reset} isPage />,
});

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const routes = [
  createRoute({ getParentRoute: () => root, path: "/", component: HomePage }),
  createRoute({ getParentRoute: () => root, path: "/runs", component: RunsPage, validateSearch: readRunSearch }),
  createRoute({
    getParentRoute: () => root,
    path: "/runs/$id",
    component: RunPage,
    validateSearch: (search): { step?: string | undefined } => ({ step: text(search["step"]) }),
  }),
  createRoute({ getParentRoute: () => root, path: "/events", component: EventsPage, validateSearch: readEventSearch }),
  createRoute({ getParentRoute: () => root, path: "/events/$id", component: EventPage }),
  createRoute({
    getParentRoute: () => root,
    path: "/functions",
    component: FunctionsPage,
    validateSearch: (search): { text?: string | undefined } => ({ text: text(search["text"]) }),
  }),
  createRoute({ getParentRoute: () => root, path: "/functions/$slug", component: FunctionPage }),
  createRoute({ getParentRoute: () => root, path: "/apps", component: AppsPage }),
  createRoute({ getParentRoute: () => root, path: "/apps/$name", component: AppPage }),
  createRoute({ getParentRoute: () => root, path: "/queue", component: QueuePage, validateSearch: readWaitingSearch }),
  createRoute({ getParentRoute: () => root, path: "/logs", component: LogsPage, validateSearch: readLogSearch }),
  createRoute({ getParentRoute: () => root, path: "/settings", component: SettingsPage }),
  // Whoever is logged in has nothing to do there; whoever is not sees the form at every address.
  createRoute({ getParentRoute: () => root, path: "/login", component: HomePage }),
  createRoute({ getParentRoute: () => root, path: "/setup" }),
  createRoute({ getParentRoute: () => root, path: "/operations", component: OperationsPage }),
] as const;

// Before the router looks at the address: a pattern that takes pieces of any number takes none, too.
const path = onePiecePath(location.pathname);
if (path !== null) history.replaceState(null, "", path + location.search + location.hash);

export const router = createRouter({ routeTree: root.addChildren(routes), defaultPreload: false });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
