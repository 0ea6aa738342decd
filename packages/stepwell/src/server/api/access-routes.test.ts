/** Setting up, logging in, users, tokens, keys and the audit over HTTP; every answer is one that its description has. */
import { describe, expect, test } from "vitest";
import {
  cookieOf,
  dataOf,
  type Headers,
  PASSWORD,
  SIGNED,
  startAccessWorld,
} from "../../../test/server/access-world.ts";
import { expectDescribed } from "../../../test/server/api-harness.ts";
import { type Answer, ask, startKeyedServer, startTestServer } from "../../../test/server/harness.ts";

interface Session {
  readonly login: string;
  readonly needs_setup: boolean;
  readonly principal: { readonly kind: string; readonly name: string; readonly scope: string } | null;
  readonly ends_at: string | null;
}

const OTHER = "staple of a battery";

/** Requests whose answers are held against the table. */
function asker(url: string, headers: Headers = {}) {
  return async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const all = { "content-type": "application/json", ...headers };
    const answer = await ask(url + path, {
      method,
      headers: all,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status < 300) expectDescribed(method, new URL(url + path).pathname, answer);
    return answer;
  };
}

const linkOf = (text: string | null) => /\/setup#([\w-]{43})$/.exec(text ?? "")?.[1];

describe("setting up", () => {
  test("begins with the link that the server prints, and ends logged in as the first admin", async () => {
    const { url, setupUrl } = await startKeyedServer();
    const stranger = asker(url);
    expect(await dataOf<Session>(stranger("GET", "/v1/session"))).toEqual({
      login: "required",
      needs_setup: true,
      principal: null,
      ends_at: null,
    });
    expect(setupUrl).toContain(`${url}/setup#`);
    const link = linkOf(setupUrl);
    expect((await stranger("POST", "/v1/setup/look", { link })).json.data).toMatchObject({ kind: "first", name: null });
    expect((await stranger("POST", "/v1/setup", { link, name: "ada", password: "short" })).json.code).toBe(
      "password_invalid",
    );
    const made = await stranger("POST", "/v1/setup", { link, name: "ada", password: PASSWORD });
    const ada = asker(url, { cookie: cookieOf(made), origin: url });
    expect(await dataOf<Session>(ada("GET", "/v1/session"))).toMatchObject({
      needs_setup: false,
      principal: { kind: "session", name: "ada", scope: "admin" },
      ends_at: expect.stringMatching(/Z$/),
    });
    expect((await ada("GET", "/v1/users")).status).toBe(200);
    expect((await stranger("POST", "/v1/setup", { link, name: "eve", password: PASSWORD })).status).toBe(410);
  });

  test("links carry the public address", async () => {
    const { setupUrl } = await startKeyedServer({ publicUrl: "https://jobs.example.com/" });
    expect(setupUrl).toMatch(/^https:\/\/jobs\.example\.com\/setup#[\w-]{43}$/);
  });

  test("needs no browser: the first admin may come with the settings, and nothing is printed then", async () => {
    const { url, setupUrl } = await startKeyedServer({ firstAdmin: { name: "ada", password: PASSWORD } });
    expect(setupUrl).toBeNull();
    expect((await asker(url)("POST", "/v1/session", { name: "ada", password: PASSWORD })).status).toBe(200);
    const weak = startKeyedServer({ firstAdmin: { name: "ada", password: "weak" } });
    await expect(weak).rejects.toMatchObject({ code: "password_invalid" });
  });

  test("is not needed where nobody has to log in", async () => {
    const { url, setupUrl, isOpen } = await startTestServer();
    expect([setupUrl, isOpen]).toEqual([null, true]);
    expect(await dataOf<Session>(asker(url)("GET", "/v1/session"))).toEqual({
      login: "none",
      needs_setup: false,
      principal: { kind: "open", name: "", scope: "admin" },
      ends_at: null,
    });
  });
});

describe("users", () => {
  test("are invited by a link, log in, change their password, and get a link for a lost one", async () => {
    const { url } = await startAccessWorld();
    const admin = asker(url, SIGNED);
    const made = await dataOf<{ link: string }>(admin("POST", "/v1/users", { name: "Grace", scope: "operate" }));
    const link = linkOf(made.link);
    expect((await asker(url)("POST", "/v1/setup/look", { link })).json.data).toMatchObject({
      kind: "invited",
      name: "Grace",
      scope: "operate",
    });
    const joined = await asker(url)("POST", "/v1/setup", { link, password: PASSWORD, name: "Admin" });
    const grace = asker(url, { cookie: cookieOf(joined), origin: url });
    const changed = await grace("PUT", "/v1/session/password", { current: PASSWORD, password: OTHER });
    expect((await dataOf<Session>(Promise.resolve(changed))).principal).toMatchObject({ name: "Grace" });
    expect((await grace("GET", "/v1/runs")).status).toBe(401);
    expect((await asker(url, { cookie: cookieOf(changed) })("GET", "/v1/runs")).status).toBe(200);
    const lost = await dataOf<{ link: string }>(admin("POST", "/v1/users/grace/link", {}));
    expect((await asker(url)("POST", "/v1/setup/look", { link: linkOf(lost.link) })).json.data).toMatchObject({
      kind: "reset",
    });
    expect((await asker(url)("POST", "/v1/session", { name: "grace", password: OTHER })).status).toBe(200);
  });

  test("change scope, are logged out everywhere, and deleted", async () => {
    const { url, session } = await startAccessWorld();
    const admin = asker(url, SIGNED);
    const ada = await session("read", "ada");
    expect((await admin("PUT", "/v1/users/ada", { scope: "operate" })).json.data).toMatchObject({ scope: "operate" });
    expect((await admin("PUT", "/v1/users/ada", { scope: "root" })).json.code).toBe("body_invalid");
    expect((await admin("DELETE", "/v1/users/ada/sessions")).status).toBe(204);
    expect((await asker(url, ada)("GET", "/v1/runs")).status).toBe(401);
    expect((await admin("DELETE", "/v1/users/ada")).status).toBe(204);
    expect((await admin("DELETE", "/v1/users/ada")).json.code).toBe("not_found");
    expect((await admin("GET", "/v1/users")).json.data).toEqual([]);
  });

  test("change only their own password; a token is nobody", async () => {
    const { url, token } = await startAccessWorld();
    const body = { current: PASSWORD, password: OTHER };
    expect((await asker(url, await token("admin"))("PUT", "/v1/session/password", body)).json.code).toBe(
      "session_needed",
    );
  });
});

describe("tokens and keys", () => {
  test("are shown once, and listed without what they are", async () => {
    const { url } = await startAccessWorld();
    const admin = asker(url, SIGNED);
    const made = await dataOf<{ token: string; expires_at: string }>(
      admin("POST", "/v1/tokens", { name: "ci", scope: "read", expires_in: "1h" }),
    );
    expect(Date.parse(made.expires_at)).toBeGreaterThan(Date.now());
    const key = await dataOf<{ id: string; key: string }>(admin("POST", "/v1/keys", { name: "web" }));
    await asker(url, { authorization: `Bearer ${made.token}` })("GET", "/v1/runs");
    const tokens = await admin("GET", "/v1/tokens");
    expect(tokens.json.data).toMatchObject([{ name: "ci", created_by: "signing key" }]);
    const keys = await admin("GET", "/v1/keys");
    expect(tokens.text.includes(made.token) || keys.text.includes(key.key)).toBe(false);
    const sources = (keys.json.data as unknown as { kind: string; source: string }[]).map((one) => [
      one.kind,
      one.source,
    ]);
    expect(sources).toEqual([
      ["signing", "settings"],
      ["event", "settings"],
      ["event", "server"],
    ]);
    const rotated = await dataOf<{ key: string }>(admin("POST", `/v1/keys/${key.id}/rotate`, { grace: "1h" }));
    for (const one of [key.key, rotated.key]) {
      expect((await asker(url)("POST", `/e/${one}`, { name: "a" })).status).toBe(200);
    }
  });

  test("of a wrong form are refused, and those of the settings stay", async () => {
    const { url } = await startAccessWorld();
    const admin = asker(url, SIGNED);
    const refused = async (method: string, path: string, body?: unknown) => (await admin(method, path, body)).json.code;
    expect(await refused("POST", "/v1/tokens", { name: " ", scope: "read" })).toBe("body_invalid");
    expect(await refused("POST", "/v1/tokens", { name: "a\u001b[2J", scope: "read" })).toBe("body_invalid");
    expect(await refused("POST", "/v1/tokens", { name: "a", scope: "public" })).toBe("body_invalid");
    for (const expires_in of ["soon", 0, -1, "11y", 1e15]) {
      expect(await refused("POST", "/v1/tokens", { name: "a", scope: "read", expires_in })).toBe("body_invalid");
    }
    expect(await refused("POST", "/v1/keys/event-1/rotate", {})).toBe("key_from_settings");
    expect(await refused("DELETE", "/v1/keys/signing-1")).toBe("key_from_settings");
    expect(await refused("DELETE", "/v1/keys/no")).toBe("not_found");
    expect(await refused("DELETE", "/v1/tokens/no")).toBe("not_found");
  });
});

test("the audit comes in pages, and can be asked for one actor or one action", async () => {
  const { url, session } = await startAccessWorld();
  const ada = asker(url, await session("admin", "ada"));
  for (const name of ["one", "two", "three"]) await ada("POST", "/v1/keys", { name });
  const first = await ada("GET", "/v1/audit?action=createKey&limit=2");
  expect((first.json.data as unknown as { target: string }[]).map((row) => row.target)).toEqual(["three", "two"]);
  const rest = await ada("GET", `/v1/audit?action=createKey&limit=2&cursor=${first.json.page.cursor}`);
  expect([rest.json.data.length, rest.json.page.cursor]).toEqual([1, null]);
  expect((await ada("GET", "/v1/audit?actor=signing%20key")).json.data).toHaveLength(1);
});
