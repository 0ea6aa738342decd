/** Users, links and sessions over time, with a clock in the test's hand. */
import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { openAccess } from "../../../test/server/api-harness.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { MemoryStore } from "../../store/memory.ts";
import type { Access } from "./access.ts";
import { addressOf, type Caller, isSecure } from "./caller.ts";
import { sessionCookie, sessionOf } from "./cookie.ts";

const CALLER: Caller = { principal: null, address: "10.0.0.9", isSecure: false };
const PASSWORD = "correct horse battery";
const OTHER = "staple of a battery";
const DAY = 86_400_000;

async function closedAccess(store = new MemoryStore()) {
  const clock = { now: 1_700_000_000_000 };
  const open = () => openAccess({ store, kind: "cloud", host: "127.0.0.1", now: () => clock.now });
  return { access: await open(), clock, reopen: open, store };
}

/** The first user, logged in. */
async function firstUser(access: Access) {
  const link = await access.users.firstLink();
  const user = await access.users.follow(CALLER, link!, PASSWORD, "ada");
  return access.sessions.open(CALLER, user, null, "login");
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "fine";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("the link for the first user", () => {
  test("works once, makes an admin, and ends the others", async () => {
    const { access } = await closedAccess();
    const [older, newer] = [await access.users.firstLink(), await access.users.firstLink()];
    expect(access.users.look(older!)).toMatchObject({ kind: "first", scope: "admin" });
    const user = await access.users.follow(CALLER, older!, PASSWORD, "Ada Lovelace");
    expect(user).toMatchObject({ name: "Ada Lovelace", scope: "admin" });
    for (const link of [older, newer]) expect(codeOf(() => access.users.look(link!))).toBe("link_invalid");
    expect(await access.users.firstLink()).toBeNull();
  });

  test("followed twice at the same moment makes one user", async () => {
    const { access } = await closedAccess();
    const link = await access.users.firstLink();
    const both = await Promise.allSettled(
      ["ada", "eve"].map((name) => access.users.follow(CALLER, link!, PASSWORD, name)),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(access.users.list()).toHaveLength(1);
  });

  test("holds a day, also through a restart", async () => {
    const { access, clock, reopen } = await closedAccess();
    const link = await access.users.firstLink();
    clock.now += DAY - 1;
    const again = await reopen();
    expect(again.users.look(link!).kind).toBe("first");
    clock.now += 1;
    expect(codeOf(() => again.users.look(link!))).toBe("link_invalid");
    await again.expire();
    expect((await reopen()).users.isEmpty).toBe(true);
  });

  test("is one of a few, however often the server starts", async () => {
    const { access, store } = await closedAccess();
    const links: (string | null)[] = [];
    for (let start = 0; start < 7; start++) links.push(await access.users.firstLink());
    expect((await store.loadAccess()).links).toHaveLength(5);
    expect(access.users.look(links.at(-1)!).kind).toBe("first");
  });
});

describe("users", () => {
  test("have names of their own, whatever the case, and one admin is always left", async () => {
    const { access } = await closedAccess();
    await firstUser(access);
    const grace = { name: "Grace", scope: "read", password: null } as const;
    const { link, user } = await access.users.create(CALLER, grace);
    await expect(access.users.create(CALLER, { ...grace, name: "GRACE" })).rejects.toMatchObject({
      code: "user_exists",
    });
    await expect(access.users.create(CALLER, { ...grace, name: " x" })).rejects.toMatchObject({ code: "body_invalid" });
    await expect(access.users.delete(CALLER, "ada")).rejects.toMatchObject({ code: "user_last_admin" });
    await expect(access.users.setScope(CALLER, "ada", "read")).rejects.toMatchObject({ code: "user_last_admin" });
    await access.users.setScope(CALLER, user.id, "admin");
    // Who has no password cannot log in, and so is no admin yet.
    await expect(access.users.delete(CALLER, "ada")).rejects.toMatchObject({ code: "user_last_admin" });
    await access.users.follow(CALLER, link!, OTHER, "another name");
    await access.users.delete(CALLER, "ada");
    expect(access.users.list().map(({ name, scope }) => [name, scope])).toEqual([["Grace", "admin"]]);
  });

  test("log in with their password alone; a new one ends every session and link", async () => {
    const { access } = await closedAccess();
    const session = await firstUser(access);
    const { link } = await access.users.makeLink(CALLER, "ada");
    expect(access.users.look(link!)).toMatchObject({ kind: "reset", name: "ada" });
    await expect(access.sessions.login(CALLER, "ada", OTHER, null)).rejects.toMatchObject({ code: "login_failed" });
    await expect(access.sessions.login(CALLER, "eve", OTHER, null)).rejects.toMatchObject({ code: "login_failed" });
    const { id } = session.principal;
    await expect(access.users.changePassword(CALLER, id, OTHER, OTHER)).rejects.toMatchObject({ code: "login_failed" });
    await access.users.changePassword(CALLER, id, PASSWORD, OTHER);
    expect(access.sessions.principalOf(session.secret)).toBeNull();
    expect(codeOf(() => access.users.look(link!))).toBe("link_invalid");
    expect((await access.sessions.login(CALLER, "ADA", OTHER, null)).principal.name).toBe("ada");
  });

  test("that are deleted are logged out", async () => {
    const { access } = await closedAccess();
    const session = await firstUser(access);
    await access.users.create(CALLER, { name: "grace", scope: "admin", password: OTHER });
    await access.users.delete(CALLER, "ada");
    expect([access.sessions.principalOf(session.secret), access.present(session.principal)]).toEqual([null, null]);
  });
});

describe("sessions", () => {
  test("end some days after their last use, and some weeks after their beginning", async () => {
    const { access, clock } = await closedAccess();
    const { secret, principal } = await firstUser(access);
    clock.now += LIMITS.sessionIdleMs - 1;
    expect(access.sessions.principalOf(secret)).not.toBeNull();
    await access.sessions.seen(principal);
    for (let days = 7; days < 30; days++) {
      clock.now += DAY;
      await access.sessions.seen(principal);
      expect([days, access.sessions.principalOf(secret) !== null]).toEqual([days, days < 29]);
      if (days === 28) clock.now += DAY - 1;
    }
  });

  test("that nobody uses end, and are deleted", async () => {
    const { access, clock, store } = await closedAccess();
    const { secret } = await firstUser(access);
    clock.now += LIMITS.sessionIdleMs;
    expect(access.sessions.principalOf(secret)).toBeNull();
    await access.expire();
    expect((await store.loadAccess()).sessions).toEqual([]);
  });

  test("go on after a restart, and the store knows nothing that opens one", async () => {
    const { access, reopen, store } = await closedAccess();
    const { secret } = await firstUser(access);
    expect((await reopen()).sessions.principalOf(secret)).toMatchObject({ name: "ada", scope: "admin" });
    const rows = JSON.stringify(await store.loadAccess());
    expect([rows.includes(secret), rows.includes(PASSWORD)]).toEqual([false, false]);
    const { sessions } = await store.loadAccess();
    expect(access.sessions.principalOf(sessions[0]!.hash)).toBeNull();
  });

  test("of one user are few: the one used least lately ends", async () => {
    const { access, clock, store } = await closedAccess();
    const first = await firstUser(access);
    const user = access.users.get("ada");
    const others: string[] = [];
    for (let count = 0; count < LIMITS.sessionsPerUserMax; count++) {
      clock.now += 1_000;
      others.push((await access.sessions.open(CALLER, access.users.get(user.id), null, "login")).secret);
    }
    expect(access.sessions.principalOf(first.secret)).toBeNull();
    expect(access.sessions.principalOf(others[0]!)).not.toBeNull();
    expect((await store.loadAccess()).sessions).toHaveLength(LIMITS.sessionsPerUserMax);
  });

  test("take a new scope at once", async () => {
    const { access } = await closedAccess();
    const { secret } = await firstUser(access);
    await access.users.create(CALLER, { name: "grace", scope: "admin", password: OTHER });
    await access.users.setScope(CALLER, "ada", "read");
    expect(access.sessions.principalOf(secret)).toMatchObject({ scope: "read" });
  });
});

test("dev is open on an address of this machine alone, and not where people reach it by another", async () => {
  const isOpen = async (options: object) => (await openAccess(options)).isOpen;
  expect(await isOpen({ kind: "dev", host: "127.0.0.1" })).toBe(true);
  expect(await isOpen({ kind: "dev", host: "0.0.0.0" })).toBe(false);
  expect(await isOpen({ kind: "dev", host: "127.0.0.1", publicUrl: "https://dev.example.com" })).toBe(false);
  expect(await isOpen({ kind: "cloud", host: "127.0.0.1" })).toBe(false);
});

describe("what is not stored has not happened", () => {
  test("a change that the store refuses changes nothing, and the next one goes on", async () => {
    const store = new MemoryStore();
    const { access } = await closedAccess(store);
    const save = store.saveAccess.bind(store);
    store.saveAccess = async () => Promise.reject(new Error("the disk is full"));
    await expect(access.eventKeys.create(CALLER, "web")).rejects.toThrow("full");
    expect(access.eventKeys.list()).toEqual([]);
    store.saveAccess = save;
    const { key } = await access.eventKeys.create(CALLER, "web");
    expect(codeOf(() => access.eventKeys.check(key))).toBe("fine");
  });
});

describe("where a request comes from", () => {
  const request = (headers: object) =>
    ({ headers, socket: { remoteAddress: "::ffff:10.0.0.1" } }) as unknown as IncomingMessage;
  const forwarded = request({ "x-forwarded-for": "6.6.6.6, 1.2.3.4", "x-forwarded-proto": "https" });
  const bare = { publicUrl: null, trustProxy: false };

  test("is what a trusted proxy saw last, and else who is connected", () => {
    expect(addressOf(forwarded, { ...bare, trustProxy: true })).toBe("1.2.3.4");
    expect(addressOf(forwarded, bare)).toBe("10.0.0.1");
    expect(addressOf(request({ "x-forwarded-for": "<script>" }), { ...bare, trustProxy: true })).toBe("10.0.0.1");
  });

  test("is encrypted where the public address or a trusted proxy says so", () => {
    expect(isSecure(forwarded, bare)).toBe(false);
    expect(isSecure(forwarded, { ...bare, trustProxy: true })).toBe(true);
    expect(isSecure(request({}), { ...bare, publicUrl: "https://a.example" })).toBe(true);
  });

  test("over https the cookie is one that no neighbour can plant", () => {
    expect(sessionCookie("s", 1_000, true)).toBe(
      "__Host-stepwell-session=s; Path=/; Max-Age=1; HttpOnly; SameSite=Strict; Secure",
    );
    expect(sessionOf(request({ cookie: "stepwell-session=planted; __Host-stepwell-session=own" }), true)).toBe("own");
    expect(sessionOf(request({ cookie: "stepwell-session=planted" }), true)).toBeNull();
    expect(sessionOf(request({ cookie: "x=1; stepwell-session=own" }), false)).toBe("own");
  });
});
