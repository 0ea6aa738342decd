/** Code for people to copy: one function, and how each framework serves it. */

/** `isDev`: for a server on this machine that asks for no keys. */
export const functionCode = (isDev: boolean) => `import { Stepwell } from "stepwell";

export const client = new Stepwell({ id: "my-app"${isDev ? ", isDev: true" : ""} });

export const hello = client.createFunction(
  { id: "hello", triggers: { event: "hello/requested" } },
  async ({ event, step }) => {
    const text = await step.run("greet", () => \`Hello, \${event.data.name}!\`);
    await step.sleep("a-moment", "2s");
    return { text };
  },
);
`;

/** What an app has to know of a server that asks for keys. */
export const settingsCode = (origin: string) => `STEPWELL_BASE_URL=${origin}
STEPWELL_EVENT_KEY=…     # Settings → Keys → New event key
STEPWELL_SIGNING_KEY=…   # the one that the server was started with
`;

interface Snippet {
  readonly file: string;
  readonly code: string;
}

export const FRAMEWORKS = {
  Express: {
    file: "main.ts",
    code: `import express from "express";
import { serve } from "stepwell/express";
import { client, hello } from "./functions.ts";

const app = express();
app.use("/api/stepwell", serve({ client, functions: [hello] }));
app.listen(3000);
`,
  },
  Fastify: {
    file: "main.ts",
    code: `import fastify from "fastify";
import { serve } from "stepwell/fastify";
import { client, hello } from "./functions.ts";

const app = fastify();
app.register(serve({ client, functions: [hello] })); // at /api/stepwell
await app.listen({ port: 3000 });
`,
  },
  Hono: {
    file: "main.ts",
    code: `import { serve as listen } from "@hono/node-server";
import { Hono } from "hono";
import { serve } from "stepwell/hono";
import { client, hello } from "./functions.ts";

const app = new Hono();
app.all("/api/stepwell", serve({ client, functions: [hello] }));
listen({ fetch: app.fetch, port: 3000 });
`,
  },
  Koa: {
    file: "main.ts",
    code: `import Koa from "koa";
import { serve } from "stepwell/koa";
import { client, hello } from "./functions.ts";

const app = new Koa();
app.use(serve({ client, functions: [hello], servePath: "/api/stepwell" }));
app.listen(3000);
`,
  },
  "Next.js": {
    file: "app/api/stepwell/route.ts",
    code: `import { serve } from "stepwell/next";
import { client, hello } from "@/functions";

export const { GET, POST, PUT } = serve({ client, functions: [hello] });
`,
  },
  "Node alone": {
    file: "main.ts",
    code: `import { createServer } from "stepwell/node";
import { client, hello } from "./functions.ts";

createServer({ client, functions: [hello] }).listen(3000);
`,
  },
} as const satisfies Record<string, Snippet>;

export type FrameworkName = keyof typeof FRAMEWORKS;
