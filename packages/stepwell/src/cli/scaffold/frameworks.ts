/** What differs between frameworks: the server, its packages and scripts. Each answers `POST /hello` by sending an event. */
import type { Framework } from "../program.ts";

export interface FrameworkFiles {
  readonly files: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  /** The path that sends the first event. */
  readonly helloPath: string;
}

const PORT = `const port = Number(process.env["PORT"] ?? 3000);`;
const LISTENING = `console.log(\`The app listens on http://localhost:\${port}; its functions are served at /api/stepwell.\`);`;

const SCRIPTS = {
  dev: "node --watch src/main.ts",
  start: "node src/main.ts",
  check: "tsc --noEmit",
  stepwell: "stepwell dev",
};
const TYPES = { "@types/node": "^22.0.0", typescript: ">=5.9" };

const header = (framework: string) =>
  `/** The web app, on ${framework}: its API, and the endpoint through which Stepwell calls its functions. */`;

export const FRAMEWORK_FILES: Readonly<Record<Framework, FrameworkFiles>> = {
  fastify: {
    files: {
      "src/main.ts": `${header("Fastify")}
import fastify from "fastify";
import { serve } from "stepwell/fastify";
import { client } from "./stepwell/client.ts";
import { helloRequested } from "./stepwell/events.ts";
import { functions } from "./stepwell/functions.ts";

const app = fastify();
app.register(serve({ client, functions })); // at /api/stepwell

app.post<{ Body: { name?: string } | undefined }>("/hello", async (request, reply) => {
  const name = request.body?.name ?? "world";
  const { ids } = await client.send(helloRequested.create({ name }));
  return reply.code(202).send({ ids });
});

${PORT}
await app.listen({ port });
${LISTENING}
`,
    },
    dependencies: { fastify: "^5.12.8" },
    devDependencies: TYPES,
    scripts: SCRIPTS,
    helloPath: "/hello",
  },
  express: {
    files: {
      "src/main.ts": `${header("Express")}
import express from "express";
import { serve } from "stepwell/express";
import { client } from "./stepwell/client.ts";
import { helloRequested } from "./stepwell/events.ts";
import { functions } from "./stepwell/functions.ts";

const app = express();
app.use("/api/stepwell", serve({ client, functions }));
app.use(express.json());

app.post("/hello", async (request, response) => {
  const { name = "world" } = (request.body ?? {}) as { name?: string };
  const { ids } = await client.send(helloRequested.create({ name }));
  response.status(202).json({ ids });
});

${PORT}
app.listen(port, () => {
  ${LISTENING}
});
`,
    },
    dependencies: { express: "^5.3.0" },
    devDependencies: { "@types/express": "^5.0.6", ...TYPES },
    scripts: SCRIPTS,
    helloPath: "/hello",
  },
  hono: {
    files: {
      "src/main.ts": `${header("Hono")}
import { serve as listen } from "@hono/node-server";
import { Hono } from "hono";
import { serve } from "stepwell/hono";
import { client } from "./stepwell/client.ts";
import { helloRequested } from "./stepwell/events.ts";
import { functions } from "./stepwell/functions.ts";

const app = new Hono();
app.all("/api/stepwell", serve({ client, functions }));

app.post("/hello", async (context) => {
  const { name = "world" } = await context.req.json<{ name?: string }>().catch(() => ({ name: undefined }));
  const { ids } = await client.send(helloRequested.create({ name }));
  return context.json({ ids }, 202);
});

${PORT}
listen({ fetch: app.fetch, port }, () => {
  ${LISTENING}
});
`,
    },
    dependencies: { "@hono/node-server": "^2.1.8", hono: "^4.13.19" },
    devDependencies: TYPES,
    scripts: SCRIPTS,
    helloPath: "/hello",
  },
  koa: {
    files: {
      "src/main.ts": `${header("Koa")}
import Koa from "koa";
import { serve } from "stepwell/koa";
import { client } from "./stepwell/client.ts";
import { helloRequested } from "./stepwell/events.ts";
import { functions } from "./stepwell/functions.ts";

const app = new Koa();
app.use(serve({ client, functions, servePath: "/api/stepwell" }));

app.use(async (context) => {
  if (context.method !== "POST" || context.path !== "/hello") return;
  const name = new URLSearchParams(context.querystring).get("name") ?? "world";
  context.status = 202;
  context.body = await client.send(helloRequested.create({ name }));
});

${PORT}
app.listen(port, () => {
  ${LISTENING}
});
`,
    },
    dependencies: { koa: "^3.3.0" },
    devDependencies: { "@types/koa": "^3.0.3", ...TYPES },
    scripts: SCRIPTS,
    helloPath: "/hello?name=Ada",
  },
  node: {
    files: {
      "src/main.ts": `${header("node:http")}
import { createServer } from "node:http";
import { serve } from "stepwell/node";
import { client } from "./stepwell/client.ts";
import { helloRequested } from "./stepwell/events.ts";
import { functions } from "./stepwell/functions.ts";

const stepwell = serve({ client, functions });

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/api/stepwell") return stepwell(request, response);
  if (request.method === "POST" && url.pathname === "/hello") {
    const name = url.searchParams.get("name") ?? "world";
    const { ids } = await client.send(helloRequested.create({ name }));
    response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify({ ids }));
    return;
  }
  response.writeHead(404).end();
});

${PORT}
server.listen(port, () => {
  ${LISTENING}
});
`,
    },
    dependencies: {},
    devDependencies: TYPES,
    scripts: SCRIPTS,
    helloPath: "/hello?name=Ada",
  },
  next: {
    files: {
      "src/app/api/stepwell/route.ts": `/** The endpoint through which Stepwell calls this app's functions. */
import { serve } from "stepwell/next";
import { client } from "../../../stepwell/client.ts";
import { functions } from "../../../stepwell/functions.ts";

export const { GET, POST, PUT } = serve({ client, functions });
`,
      "src/app/api/hello/route.ts": `import { client } from "../../../stepwell/client.ts";
import { helloRequested } from "../../../stepwell/events.ts";

export async function POST(request: Request): Promise<Response> {
  const { name = "world" } = (await request.json().catch(() => ({}))) as { name?: string };
  const { ids } = await client.send(helloRequested.create({ name }));
  return Response.json({ ids }, { status: 202 });
}
`,
      "src/app/layout.tsx": `import type { ReactNode } from "react";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
`,
      "src/app/page.tsx": `export default function Page() {
  return <p>POST /api/hello sends an event; the workflow it starts is in src/stepwell/workflows/hello.</p>;
}
`,
    },
    dependencies: { next: "^16.4.6", react: "^19.3.1", "react-dom": "^19.3.1" },
    // Next's own type check needs the compiler's JavaScript interface.
    devDependencies: { "@types/react": "^19.3.0", ...TYPES, typescript: "^5.9.3" },
    scripts: {
      dev: "next dev",
      build: "next build",
      start: "next start",
      check: "tsc --noEmit",
      stepwell: "stepwell dev",
    },
    helloPath: "/api/hello",
  },
};
