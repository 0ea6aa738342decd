/**
 * What every door must do, whatever host it stands in. A door takes part with a factory that mounts it and makes
 * requests of it: over real HTTP where the host has a server, with the host's own events elsewhere.
 */
import { describe, expect, test } from "vitest";
import { type ClientOptions, Stepwell } from "../../src/index.ts";
import { HEADERS } from "../../src/protocol/headers.ts";
import { canonicalJson } from "../../src/protocol/json.ts";
import { sign, verify } from "../../src/protocol/signature.ts";
import { stepHash } from "../../src/protocol/step-id.ts";
import type { ServeOptions } from "../../src/sdk/app.ts";

export interface AdapterRequest {
  readonly method: string;
  /** Added to the URL of the endpoint, with its question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AdapterReply {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly body: string;
}

export interface MountedAdapter {
  readonly request: (request: AdapterRequest) => Promise<AdapterReply>;
  readonly close: () => Promise<void>;
}

export interface AdapterUnderTest {
  readonly name: string;
  readonly mount: (options: ServeOptions) => Promise<MountedAdapter>;
  /** Why methods besides GET, POST and PUT never reach the door. */
  readonly skipOtherMethods?: string;
}

const SIGNING_KEY = "signkey-test-0123456789abcdef0123456789abcdef";
const FALLBACK_KEY = "signkey-test-fedcba9876543210fedcba9876543210";
const encoder = new TextEncoder();

export function testAdapter(adapter: AdapterUnderTest): void {
  describe(`${adapter.name} door`, () => {
    test("introspects in development and says what it is on every answer", () =>
      serving(adapter, { isDev: true }, async ({ request }) => {
        const reply = await request({ method: "GET" });
        expect(reply.status).toBe(200);
        expect(JSON.parse(reply.body)).toMatchObject({ function_count: 1, mode: "dev" });
        expect(reply.header(HEADERS.sdk)).toMatch(/^stepwell:v\d/);
        expect(reply.header(HEADERS.requestVersion)).toBe("2");
        expect(reply.header("content-type")).toContain("application/json");
      }));

    test("refuses other methods", (context) => {
      context.skip(adapter.skipOtherMethods !== undefined, adapter.skipOtherMethods);
      return serving(adapter, { isDev: true }, async ({ request }) => {
        const reply = await request({ method: "DELETE" });
        expect(reply.status).toBe(405);
        expect(JSON.parse(reply.body)).toMatchObject({ code: "method_not_allowed" });
        expect(reply.header("allow")).toBe("GET, PUT, POST");
      });
    });

    test("runs a function step by step", () =>
      serving(adapter, { isDev: true, checkpointing: false }, async ({ request }) => {
        const first = await request(call({}));
        expect(first.status).toBe(206);
        expect(JSON.parse(first.body)).toMatchObject([{ op: "StepRun", id: stepHash("double", 0), data: 42 }]);
        const second = await request(call({ [stepHash("double", 0)]: { data: 42 } }));
        expect(second.status).toBe(200);
        expect(JSON.parse(second.body)).toEqual({ doubled: 42, text: "é" });
      }));

    test("runs exactly the step a call names in the query", () =>
      serving(adapter, { isDev: true }, async ({ request }) => {
        const reply = await request(call({}, stepHash("double", 0)));
        expect(JSON.parse(reply.body)).toMatchObject([{ op: "StepRun", data: 42 }]);
      }));

    test("answers unsigned production requests with a refusal that tells nothing", () =>
      serving(adapter, { isProduction: true, signingKey: SIGNING_KEY }, async ({ request }) => {
        for (const unsigned of [{ method: "GET" }, { method: "PUT", body: '{"url":"x"}' }, call({})]) {
          const reply = await request(unsigned);
          expect(reply.status).toBe(401);
          expect(JSON.parse(reply.body)).toMatchObject({ code: "unauthorized" });
          expect(reply.header(HEADERS.sdk)).toBeNull();
        }
      }));

    test("takes signed production calls, with the fallback key too, and signs its answers", () =>
      serving(
        adapter,
        { isProduction: true, signingKey: SIGNING_KEY, signingKeyFallback: FALLBACK_KEY, checkpointing: false },
        async ({ request }) => {
          for (const key of [SIGNING_KEY, FALLBACK_KEY]) {
            const reply = await request(signed(call({}), key));
            expect(reply.status).toBe(206);
            const signature = reply.header(HEADERS.signature);
            expect(verify(signature ?? "", encoder.encode(reply.body), [key], Date.now()).verdict).toBe("valid");
          }
        },
      ));

    test("refuses a signature over another body", () =>
      serving(adapter, { isProduction: true, signingKey: SIGNING_KEY }, async ({ request }) => {
        const forged = { ...signed(call({}), SIGNING_KEY), body: call({ x: null }).body! };
        expect((await request(forged)).status).toBe(401);
      }));

    test("takes a body of several megabytes", () =>
      serving(adapter, { isDev: true, checkpointing: false }, async ({ request }) => {
        const text = "é".repeat(1_500_000);
        const reply = await request(call({ [stepHash("double", 0)]: { data: text } }));
        expect(reply.status).toBe(200);
        expect(JSON.parse(reply.body).doubled).toHaveLength(1_500_000);
      }));

    test("answers broken bodies with an error, not a crash", () =>
      serving(adapter, { isDev: true }, async ({ request }) => {
        for (const body of ["{", "", "[]", '"text"', '{"ctx":{}}', '{"ctx":{"run_id":"r"},"event":7}']) {
          const reply = await request({ ...call({}), body });
          expect(reply.status).toBeGreaterThanOrEqual(400);
          expect(JSON.parse(reply.body)).toHaveProperty("message");
        }
      }));

    test("answers calls of unknown functions with a retryable error", () =>
      serving(adapter, { isDev: true }, async ({ request }) => {
        const reply = await request({ ...call({}), query: "?fnId=shop-none&stepId=step" });
        expect(reply.status).toBe(500);
        expect(JSON.parse(reply.body)).toMatchObject({ code: "function_not_found" });
        expect(reply.header(HEADERS.noRetry)).toBe("false");
      }));

    test("describes itself in an in-band sync, signed", () =>
      serving(adapter, { isProduction: true, signingKey: SIGNING_KEY }, async ({ request }) => {
        const headers = { "content-type": "application/json", [HEADERS.syncKind]: "in_band" };
        const body = '{"url":"http://app.test/api/stepwell"}';
        const reply = await request(signed({ method: "PUT", headers, body }, SIGNING_KEY));
        expect(reply.status).toBe(200);
        expect(reply.header(HEADERS.syncKind)).toBe("in_band");
        const answer = JSON.parse(reply.body);
        expect(answer).toMatchObject({ app_id: "shop", functions: [{ id: "shop-double" }] });
        const url = new URL(answer.functions[0].steps.step.runtime.url);
        expect(url.pathname).toBe("/api/stepwell");
        expect(url.searchParams.get("fnId")).toBe("shop-double");
        const signature = reply.header(HEADERS.signature) ?? "";
        expect(verify(signature, encoder.encode(reply.body), [SIGNING_KEY], Date.now()).verdict).toBe("valid");
      }));

    test("registers itself with the server that asks for it", () => {
      const sent: { url: string; body: string; headers: Record<string, string> }[] = [];
      const fetch = async (url: string, init: RequestInit) => {
        sent.push({ url, body: String(init.body), headers: init.headers as Record<string, string> });
        return Response.json({ ok: true, modified: true });
      };
      return serving(adapter, { isDev: true, fetch }, async ({ request }) => {
        const headers = { "content-type": "application/json", [HEADERS.serverKind]: "dev" };
        const reply = await request({ method: "PUT", headers, body: '{"url":"x"}' });
        expect(reply.status).toBe(200);
        expect(JSON.parse(reply.body)).toMatchObject({ modified: true });
        expect(sent).toHaveLength(1);
        expect(sent[0]!.url).toBe("http://localhost:8288/fn/register");
        expect(sent[0]!.headers[HEADERS.expectedServerKind]).toBe("dev");
        expect(JSON.parse(sent[0]!.body)).toMatchObject({ appName: "shop", functions: [{ id: "shop-double" }] });
      });
    });

    test("answers the trust probe to those who know the key", () =>
      serving(adapter, { isProduction: true, signingKey: SIGNING_KEY }, async ({ request }) => {
        const probe = { method: "POST", query: "?probe=trust", body: "{}", headers: JSON_BODY };
        expect((await request(signed(probe, SIGNING_KEY))).status).toBe(200);
        expect((await request(probe)).status).toBe(401);
      }));
  });
}

const JSON_BODY = { "content-type": "application/json" };

async function serving(
  adapter: AdapterUnderTest,
  options: Omit<ClientOptions, "id">,
  use: (mounted: MountedAdapter) => Promise<void>,
): Promise<void> {
  const client = new Stepwell({ id: "shop", baseUrl: "http://localhost:8288", ...options });
  const double = client.createFunction({ id: "double", triggers: { event: "n/given" } }, async ({ event, step }) => {
    const doubled = await step.run("double", () => event.data.n * 2);
    return { doubled, text: "é" };
  });
  const mounted = await adapter.mount({ client, functions: [double] });
  try {
    await use(mounted);
  } finally {
    await mounted.close();
  }
}

function call(steps: Record<string, unknown>, stepId = "step"): AdapterRequest & { readonly body: string } {
  const stack = Object.keys(steps);
  const event = { id: "01J", name: "n/given", data: { n: 21 }, ts: 1_700_000_000_000 };
  const ctx = {
    run_id: "01RUN",
    attempt: 0,
    max_attempts: 4,
    disable_immediate_execution: false,
    use_api: false,
    stack: { stack, current: stack.length },
  };
  return {
    method: "POST",
    query: `?fnId=shop-double&stepId=${stepId}`,
    headers: JSON_BODY,
    body: canonicalJson({ ctx, event, events: [event], steps, use_api: false, version: 2 }),
  };
}

function signed(request: AdapterRequest, key: string): AdapterRequest {
  const signature = sign(encoder.encode(request.body ?? ""), key, Date.now());
  return { ...request, headers: { ...request.headers, [HEADERS.signature]: signature } };
}
