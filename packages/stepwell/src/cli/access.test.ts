/** The commands about who may use a server, against a real one in this process. */
import { expect, test } from "vitest";
import { commandSays } from "../../test/cli/recording.ts";
import { PASSWORD } from "../../test/server/access-world.ts";
import { post, SIGNING_KEY, startKeyedServer } from "../../test/server/harness.ts";
import { readAccess } from "./access-settings.ts";
import type { Environment } from "./settings.ts";

const SIGNED: Environment = { STEPWELL_SIGNING_KEY: SIGNING_KEY };

async function served() {
  const server = await startKeyedServer();
  const runAs = (env: Environment, ...args: string[]) => commandSays([...args, "--url", server.url], env);
  return { ...server, runAs, run: (...args: string[]) => runAs(SIGNED, ...args) };
}

test("a user is made with a link, gets another scope, is logged out and deleted", async () => {
  const { url, run } = await served();
  const made = await run("users", "create", "ada", "--scope", "operate");
  const link = /(http:\S+\/setup)#([\w-]{43})$/.exec(made.out);
  expect([made.code, link?.[1]]).toEqual([0, `${url}/setup`]);
  expect((await run("users")).out).toMatch(/ada +operate +has not chosen a password/);
  await post(`${url}/v1/setup`, { link: link![2], password: PASSWORD });
  expect((await run("users")).out).toMatch(/ada +operate +(now|\d+ s ago)/);
  expect((await run("users", "scope", "ADA", "read")).out).toBe("user ADA may read");
  expect((await run("users", "link", "ada")).out).toContain("/setup#");
  expect((await run("users", "logout", "ada")).code).toBe(0);
  expect((await run("users", "delete", "ada")).out).toBe("user ada is deleted");
  expect((await run("users")).out).toBe("no users");
  expect(await run("users", "delete", "ada")).toMatchObject({ code: 1, err: expect.stringContaining("not found") });
});

test("a token is printed alone, opens what its scope says, and is revoked", async () => {
  const { run, runAs } = await served();
  const made = await run("tokens", "create", "ci", "--scope", "read", "--expires-in", "90d");
  expect(made.out).toMatch(/^swt_[\w-]{43}$/);
  const env = { STEPWELL_API_TOKEN: made.out, STEPWELL_SIGNING_KEY: SIGNING_KEY };
  expect(await runAs(env, "runs")).toMatchObject({ code: 0 });
  expect(await runAs(env, "tokens")).toMatchObject({ code: 1, err: expect.stringContaining("needs the scope admin") });
  expect(await runAs(env, "tokens", "--signing-key", SIGNING_KEY)).toMatchObject({ code: 0 });
  const listed = (await run("tokens")).out;
  expect(listed).toMatch(/ci +read +signing key/);
  await run("tokens", "revoke", /(01\w{24})/.exec(listed)![1]!);
  expect(await runAs(env, "runs")).toMatchObject({ code: 1, err: expect.stringContaining("Authentication failed") });
  expect(await run("tokens", "create", "ci")).toMatchObject({ code: 2, err: expect.stringContaining("--scope") });
});

test("an event key is made, rotated and revoked; those of the settings are only shown", async () => {
  const { url, run } = await served();
  const send = async (key: string) => (await post(`${url}/e/${key}`, { name: "a" })).status;
  const first = (await run("keys", "create", "web")).out;
  expect(await send(first)).toBe(200);
  const listed = (await run("keys")).out;
  expect(listed).toMatch(/signing-1 +signing +signing key +…cdef +settings/);
  expect(listed).toMatch(new RegExp(`event +web +…${first.slice(-4).replace(/[-]/g, "\\-")} +server`));
  const second = (await run("keys", "rotate", /(01\w{24}) +event +web/.exec(listed)![1]!, "--grace", "0s")).out;
  expect([await send(first), await send(second)]).toEqual([401, 200]);
  await run("keys", "revoke", /(01\w{24}) +event +web/.exec((await run("keys")).out)![1]!);
  expect(await send(second)).toBe(401);
  expect(await run("keys", "revoke", "event-1")).toMatchObject({
    code: 1,
    err: expect.stringContaining("STEPWELL_EVENT_KEY"),
  });
});

test("the audit tells who did what", async () => {
  const { run } = await served();
  await run("users", "create", "ada");
  await run("tokens", "create", "ci", "--scope", "read");
  const { out } = await run("audit", "--limit", "1");
  expect(out).toMatch(/signing key +127\.0\.0\.1 +createToken +ci +done/);
  expect(out).toMatch(/more: --cursor 01/);
  expect((await run("audit", "--action", "createUser", "--json")).out).toContain('"target":"ada"');
});

test("settings: the address of the server and its first user are checked", () => {
  const options = { trustProxy: false };
  expect(readAccess(options, {})).toEqual({ publicUrl: null, trustProxy: false, firstAdmin: null });
  const env = { STEPWELL_PUBLIC_URL: "https://a.example/", STEPWELL_TRUST_PROXY: "1", STEPWELL_ADMIN_NAME: "ada" };
  expect(readAccess(options, { ...env, STEPWELL_ADMIN_PASSWORD: "pw" })).toEqual({
    publicUrl: "https://a.example",
    trustProxy: true,
    firstAdmin: { name: "ada", password: "pw" },
  });
  expect(() => readAccess(options, env)).toThrow("STEPWELL_ADMIN_NAME: it needs a password");
  expect(() => readAccess(options, { STEPWELL_ADMIN_PASSWORD: "pw" })).toThrow("needs STEPWELL_ADMIN_NAME");
  expect(() => readAccess(options, { STEPWELL_ADMIN_PASSWORD_FILE: "/no/such" })).toThrow("ENOENT");
  for (const publicUrl of ["a.example", "ftp://a.example", "https://a.example/path", "https://u:p@a.example"]) {
    expect(() => readAccess({ ...options, publicUrl }, {})).toThrow("--public-url");
  }
});
