import { afterEach, describe, expect, test, vi } from "vitest";
import { call, client, drive, output, state } from "../../test/sdk/driver.ts";
import { type AiModel, aiModels, type StepTools } from "../index.ts";

const fn = (body: (step: StepTools) => unknown) =>
  client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) => body(step));

const asked = async (model: AiModel, body: object = { messages: [] }) => {
  const result = await call(fn((step) => step.ai.infer("ask", { model, body })));
  if (result.kind !== "ops") throw result.kind === "failed" ? result.error : new Error("it returned");
  return result.ops[0]!;
};

afterEach(() => vi.unstubAllEnvs());

describe("asking a model", () => {
  test("is a request that the server makes", async () => {
    const model = aiModels.openai({ model: "small", apiKey: "key", baseUrl: "https://ai.test/v1/" });
    expect(await asked(model)).toMatchObject({
      op: "AIGateway",
      opts: {
        type: "step.ai.infer",
        url: "https://ai.test/v1/chat/completions",
        auth_key: "key",
        format: "openai-chat",
        headers: {},
        body: { messages: [], model: "small" },
      },
    });
  });

  test("gives back what the provider answered", async () => {
    const answer = { choices: [{ message: { content: "hi" } }] };
    const asking = fn(async (step) => {
      const got = await step.ai.infer("ask", { model: aiModels.openai({ model: "m" }), body: { messages: [] } });
      return got.choices[0].message.content;
    });
    expect(output({ result: await call(asking, state({ ask: { data: answer } })) })).toBe("hi");
  });

  test("works with adapters of others, whose changes touch copies", async () => {
    const adapter = {
      url: "https://other.test/",
      authKey: "k",
      format: "openai-chat",
      headers: { a: "1" },
      onCall(model: { url: string; headers: Record<string, string> }, body: { model?: string }) {
        model.url += "changed";
        model.headers["b"] = "2";
        body.model = "theirs";
      },
    };
    const body = { messages: [] };
    for (let times = 0; times < 2; times++) {
      expect((await asked(adapter, body)).opts).toMatchObject({
        url: "https://other.test/changed",
        headers: { a: "1", b: "2" },
        body: { model: "theirs" },
      });
    }
    expect([adapter.url, adapter.headers, body]).toEqual(["https://other.test/", { a: "1" }, { messages: [] }]);
  });

  test("what the body says wins over the model's defaults, and keys come from the environment", async () => {
    vi.stubEnv("ANTHROPIC_API_KEY", "from-env");
    const model = aiModels.anthropic({ model: "m", defaultParameters: { max_tokens: 10, temperature: 1 } });
    expect((await asked(model, { max_tokens: 5 })).opts).toMatchObject({
      url: "https://api.anthropic.com/v1/messages",
      auth_key: "from-env",
      format: "anthropic",
      headers: { "anthropic-version": "2023-06-01" },
      body: { max_tokens: 5, temperature: 1, model: "m" },
    });
  });

  test("one provider has the model's name in its address", async () => {
    const { opts } = await asked(aiModels.gemini({ model: "g", apiKey: "k" }), { contents: [] });
    expect(opts["url"]).toBe("https://generativelanguage.googleapis.com/v1beta/models/g:generateContent");
    expect(opts["body"]).toEqual({ contents: [] });
  });

  test("refuses a model without an address and a body that is none", async () => {
    const refused = (model: unknown, body: unknown) =>
      call(fn((step) => step.ai.infer("ask", { model: model as AiModel, body })));
    const invalid = { kind: "failed", noRetry: true, error: { code: "option_invalid" } };
    expect(await refused(undefined, {})).toMatchObject(invalid);
    expect(await refused({ authKey: "", format: "" }, {})).toMatchObject(invalid);
    expect(await refused(aiModels.openai({ model: "m" }), "text")).toMatchObject(invalid);
  });
});

test("a wrapped call is a step with arguments, shown as what it is", async () => {
  const wrapped = fn((step) => step.ai.wrap("w", async (n: number, text: string) => `${text}${n}`, 1, "a"));
  const result = await call(wrapped);
  expect(result).toMatchObject({
    ops: [{ op: "StepRun", data: '"a1"', opts: { type: "step.ai.wrap", input: [1, "a"] } }],
  });
  expect(output(await drive(wrapped))).toBe("a1");
});
