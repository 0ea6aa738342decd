/** What an attacker would try, against a whole server. Guessing of addresses: app-address.test.ts and gateway/. */
import { describe, expect, test } from "vitest";
import {
  type AuditEntry,
  auditOf,
  cookieOf,
  dataOf,
  type Headers,
  PASSWORD,
  SIGNED,
  startAccessWorld,
} from "../../test/server/access-world.ts";
import {
  type Answer,
  answer,
  ask,
  EVENT_KEY,
  post,
  registration,
  startApp,
  startTestServer,
} from "../../test/server/harness.ts";

const XSS = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u2028</script>`;

/** An answer that no browser takes for a page of this server. */
function expectData(what: string, { headers }: Answer): void {
  expect([what, headers["content-type"]]).toEqual([what, expect.stringMatching(/^application\/json/)]);
  expect([what, headers["x-content-type-options"]]).toEqual([what, "nosniff"]);
}

describe("script in payloads", () => {
  test("in names, results, errors and logs is answered as data alone", async () => {
    const { url, notice } = await startAccessWorld();
    const app = await startApp((call, response) => {
      if (call.url.includes("good")) return answer(response, 200, { html: XSS });
      response.setHeader("x-inngest-no-retry", "true");
      return answer(response, 400, { name: XSS, message: XSS, stack: XSS });
    });
    const config = registration(app.url, ["shop-good", "shop-bad"], XSS.slice(0, 40), { name: XSS });
    await post(`${url}/fn/register`, config, SIGNED);
    const sent = await post(`${url}/e/${EVENT_KEY}`, { name: XSS.slice(0, 40), data: { [XSS]: XSS }, id: XSS, v: XSS });
    await notice(({ kind, status }) => kind === "run_ended" && status === "failed");
    const [id] = sent.json.ids;
    const runs = await dataOf<{ run_id: string }[]>(ask(`${url}/v1/events/${id}/runs`, { headers: SIGNED }));
    expect(runs).toHaveLength(2);
    const ofRuns = runs.flatMap(({ run_id: run }) => [
      `/v1/runs/${run}`,
      `/v1/runs/${run}/steps`,
      `/v1/runs/${run}/explain`,
      `/v1/runs/${run}/logs`,
      `/api/v2/runs/${run}/trace?includeOutput=true`,
    ]);
    const ofAll = ["/v1/events", "/v1/runs", "/v1/functions", "/v1/apps", "/v1/queue", "/v1/logs", "/v1/audit"];
    for (const path of [...ofAll, ...ofRuns, `/v1/events/${id}`, `/v1/events/${id}/explain`]) {
      const seen = await ask(url + path, { headers: { ...SIGNED, accept: "text/html" } });
      expect([path, seen.status]).toEqual([path, 200]);
      expectData(path, seen);
    }
    expect((await ask(`${url}/v1/runs/${runs[0]!.run_id}`, { headers: SIGNED })).text).toContain("alert(1)");
  });

  test("in addresses and bodies comes back in errors as data alone", async () => {
    const { url } = await startAccessWorld();
    const html = { ...SIGNED, accept: "text/html" };
    const path = encodeURIComponent(XSS);
    for (const one of [
      `/${path}`,
      `/v1/runs/${path}`,
      `/v1/runs?status=${path}`,
      `/v2/runs/${path}`,
      `/assets/${path}`,
    ]) {
      expectData(one, await ask(url + one, { headers: html }));
    }
    expectData("login", await post(`${url}/v1/session`, { name: XSS, password: XSS }));
    expectData("/e", await post(`${url}/e/${path}`, { name: XSS }));
  });

  test("the one page there is runs scripts of its own and nothing inline, and nobody frames it", async () => {
    const { url } = await startAccessWorld();
    for (const path of ["/", "/login", "/setup", "/settings", `/runs/${encodeURIComponent(XSS)}`]) {
      const page = await ask(url + path);
      const policy = String(page.headers["content-security-policy"]);
      expect([path, page.status, page.text.includes("alert(1)")]).toEqual([path, 200, false]);
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(page.headers["set-cookie"]).toBeUndefined();
    }
  });
});

describe("a page of another site", () => {
  const EVIL = { origin: "https://evil.example", "content-type": "text/plain" };

  test("changes nothing with the session of whoever looks at it", async () => {
    const { url, session } = await startAccessWorld();
    const { cookie = "" } = await session("admin");
    const forged: readonly Headers[] = [
      { cookie, ...EVIL },
      { cookie, origin: "null" },
      { cookie, origin: url.replace(/\d+$/, "1") },
      { cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      { cookie, "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
      { cookie }, // A browser that says nothing of where its page comes from.
    ];
    for (const headers of forged) {
      const body = JSON.stringify({ name: "evil", scope: "admin" });
      const made = await ask(`${url}/v1/tokens`, { method: "POST", headers, body });
      expect([headers, [401, 403].includes(made.status)]).toEqual([headers, true]);
    }
    expect(await dataOf<unknown[]>(ask(`${url}/v1/tokens`, { headers: SIGNED }))).toEqual([]);
    const own = { cookie, origin: url };
    expect((await post(`${url}/v1/tokens`, { name: "own", scope: "read" }, own)).status).toBe(201);
  });

  test("logs nobody in, and uses no link", async () => {
    const { url, session } = await startAccessWorld();
    await session("admin", "ada");
    for (const path of ["/v1/session", "/v1/setup"]) {
      const body = JSON.stringify({ name: "ada", password: PASSWORD, link: "x" });
      const refused = await ask(url + path, { method: "POST", headers: EVIL, body });
      expect([path, refused.json.code, refused.headers["set-cookie"]]).toEqual([path, "origin_refused", undefined]);
    }
  });

  test("reads nothing: no answer may be read there but those that no cookie opens", async () => {
    const { url, session } = await startAccessWorld();
    const { cookie = "" } = await session("admin");
    for (const path of ["/v1/runs", "/v1/session", "/v1/tokens", "/v1/feed", "/metrics", "/", "/v1/openapi.json"]) {
      const seen = await ask(url + path, { headers: { cookie, ...EVIL } });
      expect([path, seen.status, seen.headers["access-control-allow-origin"]]).toEqual([path, 403, undefined]);
      const preflight = await ask(url + path, {
        method: "OPTIONS",
        headers: {
          ...EVIL,
          "access-control-request-method": "DELETE",
          "access-control-request-headers": "authorization",
        },
      });
      expect([path, preflight.headers["access-control-allow-origin"]]).toEqual([path, undefined]);
      expect(preflight.headers["access-control-allow-headers"]).toBeUndefined();
    }
    const sent = await ask(`${url}/e/${EVENT_KEY}`, { method: "POST", headers: EVIL, body: '{"name":"a"}' });
    expect([sent.status, sent.headers["access-control-allow-origin"]]).toEqual([200, "*"]);
    expect(sent.headers["access-control-allow-credentials"]).toBeUndefined();
  });
});

describe("sessions", () => {
  test("are never what a browser brought along: a planted one is worth nothing after a log-in", async () => {
    const { url, session } = await startAccessWorld();
    const { cookie: eves = "" } = await session("read", "eve");
    await session("admin", "ada");
    const login = await post(`${url}/v1/session`, { name: "ada", password: PASSWORD }, { cookie: eves, origin: url });
    const own = cookieOf(login);
    expect(own).not.toBe(eves);
    const whoIs = async (cookie: string) => {
      const seen = await dataOf<{ principal: { name: string } | null }>(
        ask(`${url}/v1/session`, { headers: { cookie } }),
      );
      return seen.principal?.name ?? null;
    };
    expect([await whoIs(own), await whoIs(eves)]).toEqual(["ada", null]);
    const planted = await post(
      `${url}/v1/session`,
      { name: "ada", password: PASSWORD },
      { cookie: `stepwell-session=${"A".repeat(43)}`, origin: url },
    );
    expect(cookieOf(planted)).not.toContain("AAAA");
    expect(await whoIs(`stepwell-session=${"A".repeat(43)}`)).toBeNull();
  });

  test("travel in a cookie that no script and no other site gets, and over https never without it", async () => {
    const { url, session } = await startAccessWorld();
    await session("read", "ada");
    const login = await post(`${url}/v1/session`, { name: "ada", password: PASSWORD });
    expect(login.headers["set-cookie"]?.[0]).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect(login.text).not.toContain(cookieOf(login).split("=")[1]);
    const proxied = await startAccessWorld({ publicUrl: "https://jobs.example.com" });
    await proxied.session("read", "ada");
    const secure = await post(`${proxied.url}/v1/session`, { name: "ada", password: PASSWORD });
    expect(secure.headers["set-cookie"]?.[0]).toMatch(/^__Host-stepwell-session=.*; SameSite=Strict; Secure$/);
  });

  test("end with a log-out, and the cookie goes", async () => {
    const { url, session } = await startAccessWorld();
    const headers = await session("admin");
    const out = await ask(`${url}/v1/session`, { method: "DELETE", headers });
    expect(out.headers["set-cookie"]?.[0]).toMatch(/^stepwell-session=; .*Max-Age=0/);
    expect((await ask(`${url}/v1/runs`, { headers })).status).toBe(401);
    expect((await ask(`${url}/v1/session`, { method: "DELETE", headers: { origin: url } })).status).toBe(200);
  });
});

describe("guessing", () => {
  test("of passwords ends after some attempts, all at once or one by one, also for the right one", async () => {
    const { url, session } = await startAccessWorld();
    await session("admin", "ada");
    const attempt = (password: string) => post(`${url}/v1/session`, { name: "ada", password });
    const answers = await Promise.all(Array.from({ length: 14 }, (_, number) => attempt(`guess number ${number}`)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(10);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(4);
    const refused = await attempt(PASSWORD);
    expect([refused.status, Number(refused.headers["retry-after"]) > 0]).toEqual([429, true]);
    expect((await ask(`${url}/v1/users`, { headers: SIGNED })).status).toBe(200); // Programs go on.
    const metrics = await ask(`${url}/metrics`, { headers: SIGNED });
    expect(metrics.text).toMatch(/stepwell_logins_total\{outcome="refused"\} \d/);
  });

  test("of names tells nothing: the answer is the same", async () => {
    const { url, session } = await startAccessWorld();
    await session("admin", "ada");
    const [known, unknown] = [
      await post(`${url}/v1/session`, { name: "ada", password: "not the password" }),
      await post(`${url}/v1/session`, { name: "eve", password: "not the password" }),
    ];
    expect(known.text).toBe(unknown.text);
    expect([known.status, known.headers["set-cookie"]]).toEqual([401, undefined]);
  });

  test("of links ends after some attempts", async () => {
    const { url } = await startAccessWorld();
    const codes: string[] = [];
    for (let number = 0; number < 12; number++) {
      codes.push((await post(`${url}/v1/setup/look`, { link: `guess-${number}` })).json.code);
    }
    expect(codes.slice(0, 10)).toEqual(Array(10).fill("link_invalid"));
    expect(codes.slice(10)).toEqual(["too_many_attempts", "too_many_attempts"]);
  });

  test("of tokens: near misses are as wrong as any", async () => {
    const { url, token } = await startAccessWorld();
    const { authorization = "" } = await token("admin");
    const good = authorization.slice("Bearer ".length);
    const forged = [
      good.slice(0, -1),
      `${good}A`,
      good.toLowerCase(),
      good.replace("swt_", ""),
      `${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}`,
      "eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImFkbWluIn0.",
      "x".repeat(8_000),
    ];
    for (const one of forged) {
      const seen = await ask(`${url}/v1/runs`, { headers: { authorization: `Bearer ${one}` } });
      expect([one.slice(0, 60), seen.status]).toEqual([one.slice(0, 60), 401]);
    }
    expect((await ask(`${url}/v1/runs`, { headers: { authorization } })).status).toBe(200);
  });
});

describe("hostile requests", () => {
  test("lead to no file beside the dashboard's, however they are written", async () => {
    const { url } = await startAccessWorld();
    const names = [
      "..%2f..%2fpackage.json",
      "%2e%2e/%2e%2e/package.json",
      "..%5c..%5cx",
      "%00",
      ".git%2fconfig",
      "//etc/passwd",
    ];
    for (const name of names) {
      for (const base of ["/assets/", "/runs/../assets/"]) {
        const seen = await ask(url + base + name, { headers: SIGNED });
        expect([base + name, seen.status === 200 && !seen.text.startsWith("<!doctype html>")]).toEqual([
          base + name,
          false,
        ]);
        expect(seen.text).not.toContain('"dependencies"');
      }
    }
  });

  test("that are too long or too deep are refused, and the server goes on", async () => {
    const { url } = await startAccessWorld();
    const long = "x".repeat(14_000);
    expect((await ask(`${url}/v1/runs?function=${long}`, { headers: SIGNED })).status).toBeLessThan(500);
    expect((await ask(`${url}/v1/runs?${"a=1&".repeat(3_000)}`, { headers: SIGNED })).status).toBe(200);
    expect((await ask(`${url}/v1/runs?function=${"x".repeat(40_000)}`, { headers: SIGNED })).status).toBe(431);
    expect((await ask(`${url}/v1/session`, { headers: { cookie: "a=1; ".repeat(2_000) } })).status).toBe(200);
    const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
    const nested = await ask(`${url}/v1/session`, { method: "POST", body: deep });
    expect([nested.status, nested.json.code]).toEqual([400, "body_too_deep"]);
    const login = (chars: number) => post(`${url}/v1/session`, { name: "ada", password: "x".repeat(chars) });
    expect((await login(2_000)).json.code).toBe("body_invalid");
    expect([(await login(2_000_000)).status, (await login(100_000)).json.code]).toEqual([413, "body_too_large"]);
    expect((await ask(`${url}/health`)).status).toBe(200);
  });
});

describe("what is left behind", () => {
  test("is a row also where somebody calls a change a dry run, and where the server found an app by itself", async () => {
    const app = await startApp((call, response) => {
      response.setHeader("x-inngest-sync-kind", "in_band");
      const { functions } = registration(call.json.url, ["shop-a"]) as { readonly functions: unknown };
      answer(response, 200, { app_id: "shop", sdk: "test:v1", framework: "x", url: call.json.url, functions });
    });
    const { url } = await startTestServer({ appUrls: [app.url] });
    const audit = async () => (await ask(`${url}/v1/audit`)).json.data as unknown as readonly AuditEntry[];
    await expect
      .poll(async () => (await audit()).map(({ actor, action, target }) => [actor.kind, action, target]))
      .toEqual([["server", "syncApp", "shop"]]);
    await post(`${url}/fn/sync`, { url: app.url, dry_run: true });
    expect((await audit())[0]).toMatchObject({ actor: { kind: "open" }, action: "syncApp", outcome: "done" });
  });

  test("is a row for every change, with who and where, and without a secret", async () => {
    const { url, session, token } = await startAccessWorld();
    const app = await startApp((_call, response) => answer(response, 200, 1));
    await post(`${url}/fn/register`, registration(app.url, ["shop-a"]), SIGNED);
    const ada = await session("admin", "ada");
    const { authorization = "" } = await token("read");
    await post(`${url}/v1/functions/shop-a/invoke`, { data: { secret: "s3cret" } }, ada);
    await post(`${url}/v1/functions/shop-a/invoke`, {}, SIGNED); // An app's ordinary work.
    await post(`${url}/v1/functions/shop-a/pause`, { mode: "skip" }, ada);
    await post(`${url}/v1/functions/no-such/resume`, {}, ada);
    const rows = await auditOf(url);
    const told = rows.map(({ actor, action, target, outcome }) => [actor.name, action, target, outcome]);
    expect(told.reverse()).toEqual([
      ["signing key", "registerApp", "shop", "done"],
      ["signing key", "createUser", "ada", "done"],
      ["ada", "login", "ada", "done"],
      ["signing key", "createToken", "a read token", "done"],
      ["ada", "invokeFunction", "shop-a", "done"],
      ["ada", "pauseFunction", "shop-a", "done"],
      ["ada", "resumeFunction", "no-such", "not_found"],
    ]);
    expect(rows.every(({ address }) => address === "127.0.0.1")).toBe(true);
    expect(rows.find(({ action }) => action === "pauseFunction")?.details).toEqual({ mode: "skip" });
    const text = JSON.stringify(rows);
    const secrets = [PASSWORD, authorization.slice(7), ada["cookie"]!.split("=")[1]!, "s3cret"];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
