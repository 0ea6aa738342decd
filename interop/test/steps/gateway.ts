/** `step.fetch` and `step.ai`: requests that the server makes, to a service that the test plays. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "vitest";
import type { Definition, Step } from "../../apps/definition.ts";
import { type Bench, type Kit, told } from "./bench.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Service {
  readonly url: string;
  /** What was asked with this key in the path. */
  asked(key: string): Asked[];
  close(): Promise<void>;
}

/** Paths are `/<what>/<key>/…`; `what` chooses the answer. */
export async function startService(): Promise<Service> {
  const all: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://service");
    const [, what = "", key = ""] = pathname.split("/");
    const body = Buffer.concat(chunks).toString();
    const { method = "", headers } = request;
    all.push({ method, path: pathname, query: Object.fromEntries(searchParams), headers, body });
    const times = all.filter(({ path }) => path.startsWith(`/${what}/${key}/`)).length;
    const [status, answer] = answerTo(what, times, body);
    response.writeHead(status, { "content-type": "application/json", "x-request": key });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (key) => all.filter(({ path }) => path.split("/")[2] === key),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerTo(what: string, times: number, body: string): readonly [number, unknown] {
  if (what === "missing") return [404, { error: "there is no such thing" }];
  if (what === "broken") return [500, "no <json>"];
  if (what === "refusing") return [400, { error: { message: "the prompt is too long" } }];
  if (what === "shaky" && times === 1) return [503, { error: { message: "not yet" } }];
  return [200, { answer: "ünï ✓", times, was: body }];
}

type Model = (models: Step["ai"]["models"], baseUrl: string) => unknown;

const MODELS: Readonly<Record<string, Model>> = {
  openai: ({ openai }, baseUrl) => openai!({ model: "gpt-5", apiKey: "key-of-openai", baseUrl }),
  anthropic: ({ anthropic }, baseUrl) =>
    anthropic!({
      model: "claude-opus",
      apiKey: "key-of-anthropic",
      baseUrl,
      defaultParameters: { max_tokens: 99 },
    }),
  gemini: ({ gemini }, baseUrl) => gemini!({ model: "gemini-pro", apiKey: "key-of-gemini", baseUrl }),
};

export function gatewayFunctions({ seen, tools, serviceUrl }: Kit): Definition[] {
  const urlOf = (what: unknown, key: unknown) => `${serviceUrl}/${what}/${key}/`;
  return [
    {
      id: "fetcher",
      triggers: [{ event: "gateway/fetch" }],
      retries: 1,
      handler: async ({ event, step }) => {
        const { key, what, init, url } = event.data;
        try {
          const response = await step.fetch(`${url ?? urlOf(what, key)}path?a=1&b=é`, init as RequestInit);
          const text = await response.text();
          return { status: response.status, ok: response.ok, header: response.headers.get("x-request"), text };
        } catch (error) {
          return told(error, tools.StepError);
        }
      },
    },
    {
      id: "fetches",
      triggers: [{ event: "gateway/fetches" }],
      handler: async ({ event, step }) => {
        const key = event.data["key"];
        const get = async (name: string) => {
          const response = await tools.fetch(`${urlOf("plain", key)}${name}`);
          return ((await response.json()) as { answer: string }).answer;
        };
        const together = await Promise.all([get("one"), get("two"), step.run("beside", () => "beside")]);
        const later = await get("three");
        const inside = await step.run("inside", async () => {
          const response = await tools.fetch(`${urlOf("plain", key)}inside`);
          seen.add(key, "inside");
          return response.status;
        });
        return [...together, later, inside];
      },
    },
    {
      id: "asker",
      triggers: [{ event: "gateway/ai" }],
      retries: 1,
      handler: async ({ event, step }) => {
        const { key, what, provider } = event.data;
        const model = MODELS[String(provider)]!(step.ai.models, urlOf(what, key));
        const body = { messages: [{ role: "user", content: "Hello, ünï" }] };
        try {
          const result = await step.ai.infer("ask", { model, body });
          return await step.run("after", () => result);
        } catch (error) {
          return told(error, tools.StepError);
        }
      },
    },
    {
      id: "wrapper",
      triggers: [{ event: "gateway/wrap" }],
      retries: 1,
      handler: async ({ event, step, attempt }) => {
        const key = event.data["key"];
        const generate = async (prompt: { text: string }, factor: number) => {
          seen.add(key, "body", attempt);
          if (attempt === 0) throw new Error("overloaded");
          return { said: prompt.text, tokens: factor * 2 };
        };
        return step.ai.wrap("generate", generate, { text: "ünï" }, 21);
      },
    },
  ];
}

export function describeGateway(bench: () => Bench, service: () => Service): void {
  const fetched = (what: string, data: object = {}) => bench().runOf("gateway/fetch", { what, ...data });
  const inferred = (provider: string, what = "plain") => bench().runOf("gateway/ai", { provider, what });

  describe.concurrent("step.fetch and step.ai", () => {
    test("a request is made once, and its answer is a Response", async ({ expect }) => {
      const { key, run } = await fetched("plain");
      expect(run).toMatchObject({ status: "Completed", output: { status: 200, ok: true, header: key } });
      expect(JSON.parse((run.output as { text: string }).text)).toMatchObject({ answer: "ünï ✓", times: 1 });
      expect(service().asked(key)).toMatchObject([{ method: "GET", query: { a: "1", b: "é" }, body: "" }]);
    });

    test("method, headers and body arrive as the function gave them", async ({ expect }) => {
      const headers = { "content-type": "text/plain", "X-Token": "abc" };
      const { key, run } = await fetched("plain", { init: { method: "PUT", headers, body: "é { 1" } });
      expect(run.status).toBe("Completed");
      expect(service().asked(key)).toMatchObject([
        { method: "PUT", headers: { "content-type": "text/plain", "x-token": "abc" }, body: "é { 1" },
      ]);
    });

    test("any status is an answer", async ({ expect }) => {
      const [missing, broken] = [await fetched("missing"), await fetched("broken")];
      expect(missing.run.output).toMatchObject({ status: 404, ok: false });
      expect(broken.run.output).toMatchObject({ status: 500, ok: false, text: "no <json>" });
      expect(service().asked(broken.key)).toHaveLength(1);
    });

    test("a service that cannot be reached is a GatewayError, after all attempts", async ({ expect }) => {
      const { run } = await fetched("", { url: "http://127.0.0.1:9/" });
      expect(run).toMatchObject({ status: "Completed", output: { isStepError: true, name: "GatewayError" } });
    });

    test("the SDK's fetch is durable in functions, also in parallel, and an ordinary one in steps", async ({
      expect,
    }) => {
      const { key, run } = await bench().runOf("gateway/fetches");
      expect(run).toMatchObject({ status: "Completed", output: ["ünï ✓", "ünï ✓", "beside", "ünï ✓", 200] });
      const names = service()
        .asked(key)
        .map(({ path }) => path.split("/")[3]);
      expect(names.toSorted()).toEqual(["inside", "one", "three", "two"]);
      expect(bench().seen.whats(key)).toEqual(["inside"]);
    });

    test("step.ai.infer asks the provider with its key, and returns what it says", async ({ expect }) => {
      const { key, run } = await inferred("openai");
      expect(run).toMatchObject({ status: "Completed", output: { answer: "ünï ✓", times: 1 } });
      const [asked] = service().asked(key);
      expect(asked).toMatchObject({ method: "POST", path: `/plain/${key}/chat/completions` });
      expect(asked?.headers).toMatchObject({
        authorization: "Bearer key-of-openai",
        "content-type": expect.stringContaining("application/json"),
      });
      expect(JSON.parse(asked?.body ?? "")).toEqual({
        model: "gpt-5",
        messages: [{ role: "user", content: "Hello, ünï" }],
      });
    });

    test("each provider is told the key in its own way", async ({ expect }) => {
      const anthropic = await inferred("anthropic");
      expect(anthropic.run.output).toMatchObject({ answer: "ünï ✓" });
      const [ofAnthropic] = service().asked(anthropic.key);
      expect(ofAnthropic?.headers).toMatchObject({ "x-api-key": "key-of-anthropic" });
      expect(ofAnthropic?.headers["anthropic-version"]).toBeTruthy();
      expect(JSON.parse(ofAnthropic?.body ?? "")).toMatchObject({ model: "claude-opus", max_tokens: 99 });
      const gemini = await inferred("gemini");
      expect(gemini.run.output).toMatchObject({ answer: "ünï ✓" });
      const [ofGemini] = service().asked(gemini.key);
      expect(ofGemini).toMatchObject({ query: { key: "key-of-gemini" } });
      expect(ofGemini?.headers["authorization"]).toBeUndefined();
    });

    test("a provider that refuses is asked again, then it is an AIGatewayError", async ({ expect }) => {
      const { key, run } = await inferred("openai", "refusing");
      expect(run).toMatchObject({ status: "Completed", output: { isStepError: true, name: "AIGatewayError" } });
      expect((run.output as Error).message).toContain("the prompt is too long");
      expect(service().asked(key)).toHaveLength(2);
    });

    test("a provider that recovers is no error", async ({ expect }) => {
      const { run } = await inferred("anthropic", "shaky");
      expect(run).toMatchObject({ status: "Completed", output: { times: 2 } });
    });

    test("step.ai.wrap runs the body in the app, with its arguments and attempts", async ({ expect }) => {
      const { key, run } = await bench().runOf("gateway/wrap");
      expect(run).toMatchObject({ status: "Completed", output: { said: "ünï", tokens: 42 } });
      expect(bench().seen.values(key, "body")).toEqual([0, 1]);
    });
  });
}
