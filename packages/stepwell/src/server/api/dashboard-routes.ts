/** The dashboard: its page under the addresses of its views, and the files of the page. */
import { StepwellError } from "../../protocol/errors.ts";
import { type DashboardFile, openDashboard, PAGE_POLICY } from "../dashboard-files.ts";
import { pathParam } from "./params.ts";
import { type RequestFacts, route } from "./route.ts";

const dashboard = openDashboard();

const PAGE = { 200: { description: "A page.", contentType: "text/html" } };

export const DASHBOARD_ROUTES = [
  route({
    method: "GET",
    path: "/",
    aliases: [
      "/runs",
      "/events",
      "/functions",
      "/queue",
      "/apps",
      "/logs",
      "/operations",
      "/settings",
      "/login",
      "/setup",
    ],
    operationId: "getDashboard",
    summary: "The dashboard",
    tag: "Server",
    scope: "public",
    family: "bare",
    replies: PAGE,
    handler: ({ request }) => answerPage(request),
  }),
  route({
    method: "GET",
    path: "/runs/:id",
    aliases: ["/events/:id", "/functions/:id", "/apps/:id"],
    operationId: "getDashboardOf",
    summary: "The dashboard, at one run, event, function or app",
    tag: "Server",
    scope: "public",
    family: "bare",
    params: { id: pathParam("What the page looks up.") },
    replies: PAGE,
    handler: ({ request }) => answerPage(request),
  }),
  route({
    method: "GET",
    path: "/assets/:file",
    operationId: "getDashboardFile",
    summary: "A file of the dashboard",
    tag: "Server",
    scope: "public",
    family: "bare",
    params: { file: pathParam("Its name, which changes with its content.") },
    replies: { 200: { description: "A script, a style or an image.", contentType: "text/javascript" } },
    errors: ["not_found"],
    async handler({ path, request }) {
      const file = await dashboard.asset(path.file);
      if (file === undefined) throw new StepwellError("not_found", { what: `/assets/${path.file.slice(0, 128)}` });
      return answerFile(file, request, { "cache-control": "public, max-age=31536000, immutable" });
    },
  }),
];

/** The view of a function or an app whose name has slashes: no pattern of the table has a path of any depth. */
const DEEP_VIEW = /^\/(?:functions|apps)\/[^/]+\/./;

/** Where no view is, but somebody may have typed or followed an address: the page says so, and leads on. */
const NO_VIEW = /^\/[a-z][a-z-]*\/?$/i;

/** The dashboard, for a browser at the address of such a view; null: nothing is there. */
export async function deepPage(path: string, request: DeepRequest): Promise<Response | null> {
  const isForPage = /\btext\/html\b/.test(request.header("accept") ?? "");
  if (request.method !== "GET" || !isForPage) return null;
  if (DEEP_VIEW.test(path)) return answerPage(request);
  if (!NO_VIEW.test(path)) return null;
  const whole = (name: string) => (name === "if-none-match" ? undefined : request.header(name));
  const page = await answerPage({ header: whole });
  return new Response(page.body, { status: 404, headers: page.headers });
}

interface DeepRequest extends Pick<RequestFacts, "header"> {
  readonly method: string;
}

async function answerPage(request: Pick<RequestFacts, "header">): Promise<Response> {
  return answerFile(await dashboard.page(), request, {
    "content-security-policy": PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  });
}

function answerFile(
  file: DashboardFile,
  request: Pick<RequestFacts, "header">,
  more: Readonly<Record<string, string>>,
): Response {
  const isZipped = /\bgzip\b/.test(request.header("accept-encoding") ?? "");
  const headers: Record<string, string> = {
    ...more,
    "content-type": file.contentType,
    "x-content-type-options": "nosniff",
    vary: "accept-encoding",
    etag: file.etag,
  };
  if (request.header("if-none-match") === file.etag) return new Response(null, { status: 304, headers });
  if (isZipped) headers["content-encoding"] = "gzip";
  return new Response(new Uint8Array(isZipped ? file.zipped : file.body), { headers });
}
