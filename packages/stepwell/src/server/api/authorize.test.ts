/** Every route, with every kind of caller: the table decides, and nothing else lets anybody in. */
import { describe, expect, test } from "vitest";
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
