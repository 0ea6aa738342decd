/** What every store must do with the rows of store/access.ts (AC2, and that they come back as they were). */
import { expect, test } from "vitest";
import type { AccessRows, AuditRow, EventKeyRow, SessionRow, TokenRow, UserRow } from "../../src/store/access.ts";
import type { Store } from "../../src/store/store.ts";
import { T0 } from "./batches.ts";

const NOTHING: AccessRows = { users: [], links: [], sessions: [], tokens: [], eventKeys: [] };
const STRANGE = "Ada ' \u0000 \ud800 \u{10ffff}#";

const user = (id: string, fields: Partial<UserRow> = {}): UserRow => {
  return { id, name: STRANGE, scope: "admin", password: "scrypt$…", createdAt: T0, signedInAt: null, ...fields };
};
const session: SessionRow = { hash: "s1", userId: "u1", createdAt: T0, seenAt: T0 + 1, address: "::1" };
const token: TokenRow = {
  id: "t1",
  name: "ci",
  scope: "read",
  hash: "h",
  createdAt: T0,
  createdBy: "Ada",
  usedAt: null,
  untilAt: T0 + 5,
};
const key: EventKeyRow = { id: "k1", name: "web", hash: "h", hint: "abcd", createdAt: T0, untilAt: null };
const link = { hash: "l1", userId: null, createdAt: T0, untilAt: T0 + 9 };

const audit = (number: number, fields: Partial<AuditRow> = {}): AuditRow => ({
  id: `a${number}`,
  at: T0 + number,
  actorKind: "session",
  actor: "Ada",
  action: "pauseApp",
  target: "shop",
  address: "127.0.0.1",
  outcome: "done",
  details: "{}",
  ...fields,
});

/** `reopened` answers the store as it is after a restart, or null where nothing survives one. */
export function accessTests(current: () => Store, reopened: () => Promise<Store | null>): void {
  test("rows come back as they were put, by their keys, and are gone when deleted", async () => {
    const store = current();
    expect(await store.loadAccess()).toEqual(NOTHING);
    await store.saveAccess([
      { put: "users", row: user("u2", { password: null }) },
      { put: "users", row: user("u1", { scope: "read" }) },
      { put: "links", row: link },
      { put: "sessions", row: session },
      { put: "tokens", row: token },
      { put: "eventKeys", row: key },
    ]);
    const full = {
      users: [user("u1", { scope: "read" }), user("u2", { password: null })],
      links: [link],
      sessions: [session],
      tokens: [token],
      eventKeys: [key],
    };
    expect(await store.loadAccess()).toEqual(full);
    await store.saveAccess([
      { delete: "users", key: "u2" },
      { put: "users", row: user("u1", { signedInAt: T0 }) },
      { delete: "sessions", key: "s1" },
      { delete: "links", key: "no such link" },
    ]);
    expect(await store.loadAccess()).toEqual({ ...full, users: [user("u1", { signedInAt: T0 })], sessions: [] });
  });

  test("changes go in their order", async () => {
    const store = current();
    await store.saveAccess([
      { put: "users", row: user("u1") },
      { delete: "users", key: "u1" },
    ]);
    expect(await store.loadAccess()).toEqual(NOTHING);
  });

  test("rows survive a restart, also those not waited for", async (context) => {
    void current().saveAccess([
      { put: "users", row: user("u1") },
      { put: "audit", row: audit(1) },
    ]);
    const store = await reopened();
    context.skip(store === null, "this store keeps nothing when it closes");
    expect((await store!.loadAccess()).users).toEqual([user("u1")]);
    expect(await store!.listAudit({ limit: 9 })).toEqual([audit(1)]);
  });

  test("audit rows are listed newest first, by page, action and actor; one is replaced by its id", async () => {
    const store = current();
    const rows = [audit(1), audit(2, { action: "login" }), audit(3, { actor: STRANGE }), audit(4)];
    await store.saveAccess(rows.map((row) => ({ put: "audit", row })));
    await store.saveAccess([{ put: "audit", row: audit(4, { outcome: "not_found" }) }]);
    const ids = async (filter: object) => (await store.listAudit({ limit: 9, ...filter })).map(({ id }) => id);
    expect((await store.listAudit({ limit: 1 }))[0]).toEqual(audit(4, { outcome: "not_found" }));
    expect(await ids({ limit: 3 })).toEqual(["a4", "a3", "a2"]);
    expect(await ids({ before: "a3" })).toEqual(["a2", "a1"]);
    expect(await ids({ action: "login" })).toEqual(["a2"]);
    expect(await ids({ actor: STRANGE })).toEqual(["a3"]);
    expect(await ids({ actor: "Ada", action: "pauseApp", before: "a4" })).toEqual(["a1"]);
  });

  test("old audit rows expire, a few at a time", async () => {
    const store = current();
    await store.saveAccess([1, 2, 3, 4].map((number) => ({ put: "audit", row: audit(number) })));
    expect(await store.expireAudit(T0 + 4, 2)).toBe(2);
    expect(await store.expireAudit(T0 + 4, 2)).toBe(1);
    expect((await store.listAudit({ limit: 9 })).map(({ id }) => id)).toEqual(["a4"]);
  });
}
