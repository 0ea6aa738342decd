/** Code for people to copy: one function, and how each framework serves it. */

export const FUNCTION_CODE = `import { Stepwell } from "stepwell";

export const client = new Stepwell({ id: "my-app", isDev: true });

export const hello = client.createFunction(
  { id: "hello", triggers: { event: "hello/requested" } },
  async ({ event, step }) => {
    const text = await step.run("greet", () => \`Hello, \${event.data.name}!\`);
    await step.sleep("a-moment", "2s");
    return { text };
  },
);
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
