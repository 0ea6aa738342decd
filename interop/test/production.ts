/**
 * The production server with the official TypeScript SDKs: everything is signed, the SDK is told where the server is
 * by `INNGEST_BASE_URL` and nothing else, and a wrong key opens nothing.
 */
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type App, type AppOptions, type Client, type Sdk, type SignalClient, startApp } from "../apps/app.ts";
import { Seen } from "../apps/definition.ts";
import { MEGABYTE } from "../apps/functions.ts";
import { freePort } from "../lib/processes.ts";
import { type Server, startServer } from "../lib/server.ts";
import { sign } from "../lib/sign.ts";
import { until } from "../lib/wait.ts";
import { gatewayFunctions, type Service, startService } from "./steps/gateway.ts";
import { invokeFunctions } from "./steps/invokes.ts";
import { signalFunctions } from "./steps/signals.ts";
import { waitFunctions } from "./steps/waits.ts";

const CURRENT = randomBytes(32).toString("hex");
const RETIRED = `signkey-prod-${randomBytes(32).toString("hex")}`;
const STRANGE = randomBytes(32).toString("hex");
const EVENT_KEY = randomBytes(16).toString("hex");
const SETTINGS = ["INNGEST_BASE_URL", "INNGEST_DEV", "INNGEST_EVENT_KEY", "INNGEST_SIGNING_KEY"];

export function describeProduction(sdk: Sdk): void {
  describe(`${sdk.name}, production`, () => {
    const seen = new Seen();
    const appOptions: AppOptions = { appId: `shop-${sdk.name}` };
    let server: Server;
    let app: App;
    let client: Client & SignalClient;
    let service: Service;
    let firstSync: { status: number; body: Record<string, unknown> };

    beforeAll(async () => {
      const keys = { signingKey: CURRENT, signingKeyFallback: RETIRED, eventKey: EVENT_KEY };
      server = await startServer({ keys });
      const values = [server.url, "0", EVENT_KEY, CURRENT];
      for (const [index, name] of SETTINGS.entries()) process.env[name] = values[index];
      service = await startService();
      const kit = { seen, tools: sdk.tools, otherAppId: "other", serviceUrl: service.url };
      const steps = [waitFunctions, signalFunctions, invokeFunctions, gatewayFunctions].flatMap((of) => of(kit));
      app = await startApp(sdk.listener(appOptions, [...sdk.definitions(seen), ...steps]));
      client = sdk.client(appOptions);
      firstSync = await app.sync();
    });

    afterAll(async () => {
      for (const name of SETTINGS) delete process.env[name];
      await app?.close();
      await service?.close();
      await server?.stop();
    });

    const send = async (name: string, key: string, data: object = {}): Promise<string> => {
      const { ids } = await client.send({ name, data: { key, ...data } });
      return ids[0] ?? "";
    };
    const endedRunOf = async (name: string, key: string, data: object = {}) =>
      server.endedRunOf(await send(name, key, data));

    test("an app with the right key registers; the same again changes nothing", async ({ expect }) => {
      expect(firstSync).toMatchObject({ status: 200, body: { modified: true } });
      expect(await app.sync({ "x-inngest-server-kind": "cloud" })).toMatchObject({
        status: 200,
        body: { modified: false },
      });
    });

    test("the server says that it is no development server", async ({ expect }) => {
      const health = await fetch(`${server.url}/health`);
      expect(health.headers.get("x-inngest-server-kind")).toBe("cloud");
      expect((await server.get("/dev")).status).toBe(404);
    });

    test("signed calls run a function to its end", async ({ expect }) => {
      const run = await endedRunOf("test/sequence", "signed");
      expect(run).toMatchObject({ status: "Completed", output: { second: 40 } });
      expect(run.output).toHaveProperty("first.text", "é ✓ \u2028");
      const calls = app.calls.filter((call) => call.key === "signed");
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.every((call) => call.isSigned)).toBe(true);
    });

    test("parallel steps, events from steps and sleeps work signed", async ({ expect }) => {
      const [all, sent] = await Promise.all([endedRunOf("test/all", "all"), endedRunOf("test/sender", "sent")]);
      expect([all.status, sent.status]).toEqual(["Completed", "Completed"]);
      await until("both children ran", () => seen.values("sent", "child").length === 2);
    });

    test("waits, signals and invokes work signed", async ({ expect }) => {
      const ids = await Promise.all([send("wait/match", "waits"), send("signal/patient", "waits")]);
      await server.waitingRunOf(ids[0] ?? "", "reply");
      const runId = await server.waitingRunOf(ids[1] ?? "", "approval");
      await send("wait/reply", "waits", { text: "hello" });
      expect(await client.sendSignal({ signal: "approve/waits", data: 1 })).toEqual({ runId });
      const runs = await Promise.all(ids.map((id) => server.endedRunOf(id)));
      expect(runs.map(({ output }) => output)).toEqual(["hello", { signal: "approve/waits", data: 1 }]);
      const invoked = await endedRunOf("invoke/parent", "invokes", { child: "double", number: 21 });
      expect(invoked).toMatchObject({ status: "Completed", output: { result: 42 } });
    });

    test("a signal without a key is refused", async ({ expect }) => {
      const answer = await fetch(`${server.url}/v1/signals`, { method: "POST", body: '{"signal":"a"}' });
      expect(answer.status).toBe(401);
    });

    test("a step's request to a private address is refused at once, and never made", async ({ expect }) => {
      const run = await endedRunOf("gateway/fetch", "private", { what: "plain" });
      expect(run).toMatchObject({ status: "Completed", output: { isStepError: true, name: "GatewayError" } });
      const inferred = await endedRunOf("gateway/ai", "private", { what: "plain", provider: "openai" });
      expect(inferred.output).toMatchObject({ isStepError: true, name: "AIGatewayError" });
      expect(JSON.stringify(inferred.output)).not.toContain("key-of-openai");
      expect(service.asked("private")).toEqual([]);
    });

    test("state too large for a call is fetched with the key", async ({ expect }) => {
      const run = await endedRunOf("test/big", "big");
      expect(run).toMatchObject({ status: "Completed", output: { chars: 6 * MEGABYTE } });
      expect(app.calls.some((call) => call.key === "big" && call.usesApi)).toBe(true);
    });

    test("a call that is not signed, or wrongly, gets a 401 from the app", async ({ expect }) => {
      const body = JSON.stringify({ ctx: {}, event: {}, events: [], steps: {} });
      const url = `${app.url}?fnId=shop-${sdk.name}-sequence&stepId=step`;
      const call = (headers: Record<string, string>) => fetch(url, { method: "POST", headers, body });
      const stale = sign(body, CURRENT, Date.now() - 600_000);
      const answers = await Promise.all([
        call({}),
        call({ "x-inngest-signature": sign(body, STRANGE) }),
        call({ "x-inngest-signature": sign(`${body} `.replace("{}", "[]"), CURRENT) }),
        call({ "x-inngest-signature": stale }),
      ]);
      expect(answers.map((answer) => answer.status)).toEqual([401, 401, 401, 401]);
    });

    test("the app describes itself to whoever signs", async ({ expect }) => {
      const headers = { "x-inngest-signature": sign("", CURRENT), "x-inngest-server-kind": "cloud" };
      const answer = await fetch(app.url, { headers });
      expect(await answer.json()).toMatchObject({
        mode: "cloud",
        authentication_succeeded: true,
        app_id: appOptions.appId,
      });
    });

    test("a wrong event key sends nothing", async ({ expect }) => {
      const stranger = sdk.client({ ...appOptions, eventKey: "wrong" });
      await expect(stranger.send({ name: "test/one", data: { key: "wrong" } })).rejects.toThrow(/key/i);
      expect(seen.whats("wrong")).toEqual([]);
    });

    test("without a key the server answers 401 to registrations and questions", async ({ expect }) => {
      const headers = { authorization: `Bearer ${STRANGE}` };
      const paths = ["/v1/runs", "/v1/events", "/v0/runs/01JXYZ0000000000000000000/actions"];
      const asked = [
        ...paths.map((path) => fetch(server.url + path)),
        ...paths.map((path) => fetch(server.url + path, { headers })),
      ];
      const register = fetch(`${server.url}/fn/register`, { method: "POST", body: "{}", headers });
      const statuses = (await Promise.all([...asked, register])).map((answer) => answer.status);
      expect(statuses).toEqual(statuses.map(() => 401));
    });

    test("an app with another signing key cannot register", async ({ expect }) => {
      const options = { appId: `stranger-${sdk.name}`, signingKey: STRANGE };
      const stranger = await startApp(sdk.listener(options, sdk.definitions(seen)));
      const { status, body } = await stranger.sync();
      await stranger.close();
      expect(status === 200 && body["modified"] === true).toBe(false);
      expect((await server.get(`/v1/apps/${options.appId}/functions`)).status).toBe(404);
    });

    test("calls go on while keys are rotated, whichever of the two the app holds first", async ({ expect }) => {
      for (const [signingKey, signingKeyFallback] of [
        [RETIRED, CURRENT],
        [STRANGE, CURRENT],
      ] as const) {
        app.serve(sdk.listener({ ...appOptions, signingKey, signingKeyFallback }, sdk.definitions(seen)));
        expect((await app.sync()).status).toBe(200);
        const key = `rotated-${signingKey}`;
        const [plain, big] = await Promise.all([endedRunOf("test/sequence", key), endedRunOf("test/big", key)]);
        expect([plain.status, big.status]).toEqual(["Completed", "Completed"]);
      }
    });
  });

  describe.each(["development", "production"])(`${sdk.name}, found by the server in %s`, (mode) => {
    const keys = mode === "production" ? { signingKey: CURRENT, eventKey: EVENT_KEY } : undefined;
    afterEach(() => {
      delete process.env["INNGEST_ALLOW_IN_BAND_SYNC"];
    });

    test.each(["in_band", "out_of_band"])("an app given by --url is asked for its functions, %s", async (kind) => {
      if (kind === "out_of_band") process.env["INNGEST_ALLOW_IN_BAND_SYNC"] = "0";
      const port = await freePort();
      const seen = new Seen();
      const options: AppOptions = {
        appId: `found-${sdk.name}`,
        baseUrl: `http://127.0.0.1:${port}`,
        isDev: keys === undefined,
        eventKey: EVENT_KEY,
        ...(keys === undefined ? {} : { signingKey: CURRENT }),
      };
      const app = await startApp(sdk.listener(options, sdk.definitions(seen)));
      const server = await startServer({ ...(keys === undefined ? {} : { keys }), appUrl: app.url, port });
      try {
        const path = `/v1/apps/${options.appId}/functions`;
        await until("it is found", async () => (await server.get(path)).status === 200);
        await until("it has answered", () => app.syncKinds.length > 0);
        expect(app.syncKinds.at(-1)).toBe(kind);
        const { ids } = await sdk.client(options).send({ name: "test/one", data: { key: "found" } });
        await server.endedRunOf(ids[0] ?? "");
        expect(seen.whats("found")).toEqual(["either"]);
      } finally {
        await app.close();
        await server.stop();
      }
    });
  });
}
