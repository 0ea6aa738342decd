/** Every route, with every kind of caller: the table decides, and nothing else lets anybody in. */
import { Agent, request } from "node:http";
import { afterAll, describe, expect, test } from "vitest";
import { type Headers, SCOPES, SIGNED, startAccessWorld } from "../../../test/server/access-world.ts";
import { ask, startTestServer } from "../../../test/server/harness.ts";
import { reaches } from "./authorize.ts";
import { pathsOf, type Route } from "./route.ts";
import { ROUTES } from "./table.ts";

const addresses = ROUTES.flatMap((route) => pathsOf(route).map((path) => ({ route, path })));

/** A path that fits a route, of something that is not there. */
const filled = (path: string) => path.replace(/:\w+/g, "01HZZZZZZZZZZZZZZZZZZZZZZZ");

/** What only the caller's own credentials decide is asked without a body, and never really done. */
async function statusOf(url: string, { route, path }: (typeof addresses)[number], headers: Headers): Promise<number> {
  const { status } = await ask(url + filled(path), { method: route.method, headers });
  return status;
}

/** A stream goes on for ever, so only who is refused is asked there; `DELETE /v1/session` would end the session. */
const isAsked = ({ operationId }: Route) => operationId !== "followFeed" && operationId !== "logout";
const asked = addresses.filter(({ route }) => isAsked(route));

/** Routes that a caller of the scope was wrongly let into, or kept out of. */
async function wrongFor(url: string, headers: Headers, scope: (typeof SCOPES)[number]): Promise<unknown[]> {
  const wrong: unknown[] = [];
  for (const address of asked) {
    const status = await statusOf(url, address, headers);
    const isRefused = status === 403 || (status === 401 && address.route.scope !== "public");
    const isWanted = !reaches(scope, address.route.scope);
    if (isRefused !== isWanted) wrong.push([address.route.method, address.path, status]);
  }
  return wrong;
}

/** Other ways to write the address of a route, and other ways to ask. */
const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => `/${path}`,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `${path}/.`,
  (path) => `${path}/..${path}`,
  (path) => `/assets/..${path}`,
  (path) => `/assets/%2e%2e${path}`,
  (path) => path.replace("/v1/", "/v1%2f"),
  (path) => path.replace("/v1/", "/%761/"),
  (path) => path.replace("/v1/", "/V1/"),
  (path) => `${path};a=b`,
  (path) => `${path}%00`,
  (path) => `${path}.`,
  (path) => `${path}?token=undefined&access_token=x&key=x`,
  (path) => `${path}#x`,
  (path) => `http://127.0.0.1${path}`,
  (path) => path.replaceAll("/", "\\"),
];

/** What some servers take for leave. */
const STRANGE_HEADERS: readonly Headers[] = [
  { host: "localhost" },
  { host: "127.0.0.1." },
  { "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost", "x-real-ip": "127.0.0.1" },
  { "x-http-method-override": "GET", "x-original-url": "/health", "x-rewrite-url": "/health" },
  {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  },
  { upgrade: "h2c", connection: "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABk" },
];

const connections = new Agent({ keepAlive: true, maxSockets: 8 });
afterAll(() => connections.destroy());

/** Asks for a path as it stands: nothing puts it in order on the way. */
function rawStatus(port: number, method: string, path: string, headers: Headers = {}): Promise<number> {
  const agent = headers["upgrade"] === undefined ? connections : false;
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, method, path, headers, agent }, (response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
    });
    asked.on("upgrade", (_response, socket) => {
      resolve(101);
      socket.destroy();
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Routes that did not answer 401 though nothing good was shown. */
async function openTo(url: string, headers: Headers): Promise<unknown[]> {
  const open: unknown[] = [];
  for (const address of addresses.filter(({ route }) => route.scope !== "public")) {
    const status = await statusOf(url, address, headers);
    if (status !== 401) open.push([address.route.method, address.path, status]);
  }
  return open;
}

describe("every route", () => {
  test("answers strangers, and whoever shows something forged, 401", async () => {
    const { url } = await startAccessWorld();
    const secret = "A".repeat(43);
    const shown: readonly Headers[] = [
      {},
      { authorization: "Bearer undefined" },
      { authorization: `Bearer swt_${secret}` },
      { authorization: "Basic YWRtaW46YWRtaW4=" },
      { cookie: `stepwell-session=${secret}`, origin: url },
    ];
    for (const headers of shown) expect([headers, await openTo(url, headers)]).toEqual([headers, []]);
  });

  test("is as closed however it is written and asked", async () => {
    const { port } = await startAccessWorld();
    const closed = addresses.filter(({ route }) => route.scope !== "public");
    const open: unknown[] = [];
    const look = async (method: string, path: string, headers: Headers = {}) => {
      const status = await rawStatus(port, method, path, headers);
      if (status < 400) open.push([method, path, headers, status]);
    };
    for (const { route, path } of closed) {
      await Promise.all([
        ...SPELLINGS.map((spelled) => look(route.method, spelled(filled(path)))),
        ...["HEAD", "PATCH", "TRACE", "PROPFIND"].map((method) => look(method, filled(path))),
        ...STRANGE_HEADERS.map((headers) => look(route.method, filled(path), headers)),
      ]);
    }
    expect(open).toEqual([]);
  });

  test("lets tokens do what their scope includes, and nothing more", async () => {
    const { url, token } = await startAccessWorld();
    for (const scope of SCOPES) expect([scope, await wrongFor(url, await token(scope), scope)]).toEqual([scope, []]);
  });

  test("lets users do what their scope includes, and nothing more", async () => {
    const { url, session } = await startAccessWorld();
    for (const scope of SCOPES) expect([scope, await wrongFor(url, await session(scope), scope)]).toEqual([scope, []]);
  });

  test("is open to the signing key", async () => {
    const { url } = await startAccessWorld();
    expect(await wrongFor(url, SIGNED, "admin")).toEqual([]);
  });

  test("knows tokens and sessions no more once they are over", async () => {
    const world = await startAccessWorld();
    const { url } = world;
    const [token, session] = [await world.token("admin"), await world.session("admin", "grace")];
    const [{ id }] = (await ask(`${url}/v1/tokens`, { headers: SIGNED })).json.data as unknown as [{ id: string }];
    await ask(`${url}/v1/tokens/${id}`, { method: "DELETE", headers: SIGNED });
    await ask(`${url}/v1/session`, { method: "DELETE", headers: session });
    const short = await world.token("admin", { expires_in: 1 });
    await expect.poll(async () => (await ask(`${url}/v1/runs`, { headers: short })).status).toBe(401);
    for (const headers of [token, session, short]) expect(await openTo(url, headers)).toEqual([]);
  });

  test("is open where nobody has to prove anything: dev, on an address of this machine", async () => {
    const { url } = await startTestServer();
    expect(await wrongFor(url, {}, "admin")).toEqual([]);
  });

  test("is closed in dev on any other address, but for what apps without a key must do", async () => {
    const { port } = await startTestServer({ host: "0.0.0.0" });
    const open = await openTo(`http://127.0.0.1:${port}`, {});
    const forApps = addresses.filter(({ route }) => route.isForApps === true);
    expect(open.map((one) => (one as string[]).slice(0, 2))).toEqual(
      forApps.map(({ route, path }) => [route.method, path]),
    );
    const keyed = await startTestServer({ host: "0.0.0.0", signingKey: "00112233445566778899aabbccddeeff" });
    expect(await openTo(`http://127.0.0.1:${keyed.port}`, {})).toEqual([]);
  });
});
