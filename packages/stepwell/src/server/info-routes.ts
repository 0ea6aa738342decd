/** `/health`, `/dev`, `/metrics` and the page at `/`. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Hono } from "hono";
import { StepwellError } from "../protocol/errors.ts";
import { VERSION } from "../protocol/version.ts";
import type { ServerContext } from "./context.ts";
import type { HttpEnv } from "./http-env.ts";
import { functionRecord } from "./run-record.ts";

export function addInfoRoutes(app: Hono<HttpEnv>, context: ServerContext): void {
  app.get("/health", (c) => {
    if (!context.engine.isAccepting) throw new StepwellError("server_stopping");
    return c.json({ status: 200, message: "OK" });
  });

  app.get("/dev", (c) => {
    if (context.kind !== "dev") throw new StepwellError("not_found", { what: "/dev" });
    return c.json(devInfo(context));
  });

  app.get("/metrics", async (c) =>
    c.body(await context.metrics.text(), 200, { "content-type": context.metrics.contentType }),
  );

  app.get("/", async (c) => {
    const { html, policy } = await dashboard();
    return c.html(html, 200, {
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    });
  });
}

function devInfo(context: ServerContext): Record<string, unknown> {
  const { apps } = context.engine;
  const list = apps.list();
  return {
    version: VERSION,
    authed: true,
    startOpts: { store: context.storeLabel },
    functions: list.flatMap((app) => app.functions.map((fn) => functionRecord(fn, apps))),
    handlers: list.map((app) => ({ sdk: { appName: app.id, url: app.url, sdk: app.sdk, framework: app.framework } })),
    isSingleNodeService: false,
    isMissingSigningKey: context.gate.isOpen,
    isMissingEventKeys: !context.hasEventKeys,
    features: {},
  };
}

interface Page {
  readonly html: string;
  readonly policy: string;
}

let page: Promise<Page> | null = null;

/** The page, read once. Its style is allowed by hash; nothing else runs or loads. */
function dashboard(): Promise<Page> {
  page ??= readPage().then((html) => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    const policy =
      `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self' data:; base-uri 'none'; ` +
      "form-action 'none'; frame-ancestors 'none'";
    return { html, policy };
  });
  return page;
}

/** Beside the built server, or in the workspace when the sources run. */
async function readPage(): Promise<string> {
  const built = new URL("../dashboard/index.html", import.meta.url);
  const source = new URL("../../../dashboard/index.html", import.meta.url);
  return readFile(built, "utf8").catch(() => readFile(source, "utf8"));
}
