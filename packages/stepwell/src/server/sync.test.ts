import { describe, expect, test } from "vitest";
import { answer, post, registration, startApp, startTestServer } from "../../test/server/harness.ts";
import type { AppConfig } from "../protocol/function.ts";
import { sign, verify } from "../protocol/signature.ts";
import type { HttpAnswer, HttpRequest } from "./http-client.ts";
import { HttpFailure } from "./http-failure.ts";
import { createLog } from "./log.ts";
import { readRegistration } from "./register.ts";
import { createSyncer, type SyncerOptions } from "./sync.ts";

const KEY = "signkey-test-0123abcd";
const URL_ASKED = "http://127.0.0.1:3000/api/test";

const headersOf = ({ headers }: HttpRequest): Record<string, string> =>
  Object.fromEntries(headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]!]] : [])));

function reply(status: number, value: unknown, headers: Record<string, string> = {}): HttpAnswer {
  const all: Record<string, string> = { "x-inngest-sdk": "test:v1", ...headers };
  return { status, header: (name) => all[name], body: Buffer.from(JSON.stringify(value)) };
}

const inBand = { app_id: "shop", sdk: "test:v1", framework: "x", url: URL_ASKED, functions: [] };
const IN_BAND = { "x-inngest-sync-kind": "in_band" };

function setUp(send: (request: HttpRequest) => HttpAnswer, more: Partial<SyncerOptions> = {}) {
  const requests: HttpRequest[] = [];
  const synced: AppConfig[] = [];
  const registered: AppConfig[] = [];
  const removed: string[] = [];
  const syncer = createSyncer({
    engine: {
      async sync(app) {
        synced.push(app);
        return { isModified: true };
      },
      async removeApp(id) {
        removed.push(id);
        return true;
      },
      apps: { list: () => registered },
    },
    send: async (request) => {
      requests.push(request);
      return send(request);
    },
    kind: "dev",
    signingKeys: [],
    log: createLog({ format: "human", level: "silent" }),
    ...more,
  });
  return { syncer, requests, synced, registered, removed };
}

describe("asking an app for its functions", () => {
  test("in band: the app answers with its functions", async () => {
    const { syncer, requests, synced } = setUp(() => reply(200, inBand, IN_BAND));
    expect(await syncer.sync(URL_ASKED)).toEqual({ kind: "in_band", isModified: true, appId: "shop" });
    expect(synced.map((app) => app.id)).toEqual(["shop"]);
    expect(requests).toHaveLength(1);
    expect(String(requests[0]!.body)).toBe(`{"url":"${URL_ASKED}"}`);
    expect(headersOf(requests[0]!)).toMatchObject({ "x-inngest-server-kind": "dev", "x-inngest-sync-kind": "in_band" });
  });

  test("an app that registered on its own instead is fine", async () => {
    const { syncer, synced } = setUp(() => reply(200, { message: "ok", modified: true }));
    expect(await syncer.sync(URL_ASKED)).toEqual({ kind: "out_of_band", isModified: true, appId: null });
    expect(synced).toEqual([]);
  });

  test("an app that refuses in band is asked out of band, and from then on only so", async () => {
    const kindOf = (request: HttpRequest) => headersOf(request)["x-inngest-sync-kind"];
    const { syncer, requests } = setUp((request) =>
      kindOf(request) === "in_band" ? reply(500, { message: "no key" }) : reply(200, { modified: false }),
    );
    await syncer.sync(URL_ASKED);
    await syncer.sync(URL_ASKED);
    expect(requests.map(kindOf)).toEqual(["in_band", "out_of_band", "out_of_band"]);
  });

  test("with a key, the request is signed and the answer must be", async () => {
    const good = reply(200, inBand, IN_BAND);
    const signed = reply(200, inBand, { ...IN_BAND, "x-inngest-signature": sign(good.body, KEY, Date.now()) });
    const { syncer, requests } = setUp(() => signed, { signingKeys: [KEY], kind: "cloud" });
    expect(await syncer.sync(URL_ASKED)).toMatchObject({ kind: "in_band" });
    const [request] = requests;
    const signature = headersOf(request!)["x-inngest-signature"]!;
    expect(verify(signature, request!.body as Buffer, [KEY], Date.now()).verdict).toBe("valid");
    const unsigned = setUp(() => good, { signingKeys: [KEY] });
    await expect(unsigned.syncer.sync(URL_ASKED)).resolves.toMatchObject({ kind: "out_of_band" });
    expect(unsigned.synced).toEqual([]);
  });

  test("what the app says about its refusal is told, with what to do", async () => {
    const words = { code: "signing_key_missing", message: "There is no signing key.", fix: "Set STEPWELL_DEV=1." };
    const { syncer } = setUp(() => reply(500, words));
    await expect(syncer.sync(URL_ASKED)).rejects.toThrow("There is no signing key. Set STEPWELL_DEV=1.");
  });

  test("each way of failing has a name", async () => {
    const failure = async (send: (request: HttpRequest) => HttpAnswer, url = URL_ASKED) =>
      setUp(send)
        .syncer.sync(url)
        .then(
          () => null,
          (error: { details: { failure: string } }) => error.details.failure,
        );
    expect(await failure(() => reply(401, {}))).toBe("unauthorized");
    expect(await failure(() => reply(403, {}))).toBe("forbidden");
    expect(await failure(() => reply(404, {}))).toBe("url_not_found");
    expect(await failure(() => reply(500, {}))).toBe("internal_server_error");
    expect(await failure(() => reply(200, { status: 400, error: "bad" }))).toBe("invalid_function");
    expect(await failure(() => ({ ...reply(200, "<html>"), header: () => undefined }))).toBe("url_not_found");
    expect(await failure(() => reply(200, {}), "ws://127.0.0.1:1/")).toBe("unsupported_protocol");
    const refused = () => {
      throw new HttpFailure("unreachable", "the connection was refused");
    };
    expect(await failure(refused)).toBe("unreachable");
  });

  test("a configuration with problems says so and registers nothing", async () => {
    const { syncer, synced } = setUp(() => reply(200, { ...inBand, functions: [{ id: "shop-a" }] }, IN_BAND));
    await expect(syncer.sync(URL_ASKED)).rejects.toMatchObject({ code: "function_config_invalid" });
    expect(synced).toEqual([]);
  });
});

describe("an app that changed its name", () => {
  const before = (url: string): AppConfig => {
    const { app } = readRegistration(registration(url, ["shop-a"]));
    return { ...app, id: "shop-before" };
  };

  test("takes the place of the one at its address, in dev mode", async () => {
    const { syncer, registered, removed } = setUp(() => reply(200, inBand, IN_BAND));
    registered.push(before(URL_ASKED), before("http://127.0.0.1:3001/api"));
    await syncer.sync(URL_ASKED);
    expect(removed).toEqual(["shop-before"]);
  });

  test("takes nobody's place in production", async () => {
    const { syncer, registered, removed } = setUp(() => reply(200, inBand, IN_BAND), { kind: "cloud" });
    registered.push(before(URL_ASKED));
    await syncer.sync(URL_ASKED);
    expect(removed).toEqual([]);
  });
});

describe("over HTTP", () => {
  test("POST /fn/sync asks the app and registers what it answers", async () => {
    const server = await startTestServer();
    const app = await startApp(({ method, json }, response) => {
      response.setHeader("x-inngest-sync-kind", "in_band");
      const { functions } = registration(json.url, ["shop-a"]) as { functions: unknown };
      answer(response, method === "PUT" ? 200 : 500, { ...inBand, url: json.url, functions });
    });
    const synced = await post(`${server.url}/fn/sync`, { url: app.url });
    expect(synced.json).toMatchObject({ ok: true, status: 200, modified: true, kind: "in_band", app: "shop" });
    expect(server.engine.apps.list()[0]!.functions.map((fn) => fn.slug)).toEqual(["shop-a"]);
  });
});
