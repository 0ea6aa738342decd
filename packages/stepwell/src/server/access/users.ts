/**
 * People who may log in, and the links by which they choose their passwords.
 *
 *   US1. A link is good once, for a limited time. The links for the first user end when there is one.
 *   US2. There is always somebody who may do everything: the last admin who can log in stays one. Whoever has the
 *        signing key can make another.
 *   US3. Another password ends every session of its user.
 */
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { AccessChange, AccessScope, LinkRow, UserRow } from "../../store/access.ts";
import type { Audit } from "./audit.ts";
import type { AccessBook } from "./book.ts";
import type { Caller } from "./caller.ts";
import { checkPassword, type Passwords } from "./password.ts";
import { hashOf, newSecret } from "./secret.ts";

export interface NewUser {
  readonly name: string;
  readonly scope: AccessScope;
  /** Null: the user chooses it by a link. */
  readonly password: string | null;
}

/** What a link is for. */
export interface LinkFacts {
  readonly kind: "first" | "invited" | "reset";
  readonly name: string | null;
  readonly scope: AccessScope;
  readonly untilAt: number;
}

export interface UsersContext {
  readonly book: AccessBook;
  readonly audit: Audit;
  readonly passwords: Passwords;
  readonly newId: () => string;
  readonly now: () => number;
}

export class Users {
  readonly #context: UsersContext;

  constructor(context: UsersContext) {
    this.#context = context;
  }

  /** By their names. */
  list(): readonly UserRow[] {
    return [...this.#rows.values()].sort((left, right) => (nameKey(left.name) < nameKey(right.name) ? -1 : 1));
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  named(name: string): UserRow | null {
    return this.list().find((user) => nameKey(user.name) === nameKey(name)) ?? null;
  }

  /** By id or by name; throws `not_found`. */
  get(ref: string): UserRow {
    const user = this.#rows.get(ref) ?? this.named(ref);
    if (user === null) throw new StepwellError("not_found", { what: `User ${ref.slice(0, 128)}` });
    return user;
  }

  /** The new user, and a link when the password is still to be chosen. */
  async create(caller: Caller | "server", { name, scope, password }: NewUser): Promise<Made> {
    const hash = password === null ? null : await this.#hash(password, name);
    return this.#context.book.update(() => {
      const user = this.#newUser(name, scope, hash);
      const { link, changes } = hash === null ? this.#newLink(user.id) : NO_LINK;
      const audit = this.#context.audit.row(caller, { action: "createUser", target: user.name, details: { scope } });
      return { changes: [{ put: "users", row: user }, ...changes, audit], result: { user, link } };
    });
  }

  setScope(caller: Caller, ref: string, scope: AccessScope): Promise<UserRow> {
    return this.#context.book.update(() => {
      const user = this.get(ref);
      if (scope !== "admin") this.#keepAnAdmin(user);
      const row = { ...user, scope };
      const audit = this.#context.audit.row(caller, { action: "setUserScope", target: user.name, details: { scope } });
      return { changes: [{ put: "users", row }, audit], result: row };
    });
  }

  delete(caller: Caller, ref: string): Promise<void> {
    return this.#context.book.update(() => {
      const user = this.get(ref);
      this.#keepAnAdmin(user);
      const audit = this.#context.audit.row(caller, { action: "deleteUser", target: user.name });
      const changes: AccessChange[] = [{ delete: "users", key: user.id }, ...this.#endings(user.id), audit];
      return { changes, result: undefined };
    });
  }

  /** A link by which the user chooses a new password; those before it end. */
  makeLink(caller: Caller, ref: string): Promise<Made> {
    return this.#context.book.update(() => {
      const user = this.get(ref);
      const { link, changes } = this.#newLink(user.id);
      const audit = this.#context.audit.row(caller, { action: "createUserLink", target: user.name });
      return { changes: [...this.#linksOf(user.id), ...changes, audit], result: { user, link } };
    });
  }

  endSessions(caller: Caller, ref: string): Promise<void> {
    return this.#context.book.update(() => {
      const user = this.get(ref);
      const audit = this.#context.audit.row(caller, { action: "endUserSessions", target: user.name });
      return { changes: [...this.#sessionsOf(user.id), audit], result: undefined };
    });
  }

  /** A link for the first user; null when there is one. Links made earlier hold until they expire (US1). */
  firstLink(): Promise<string | null> {
    return this.#context.book.update(() => {
      if (!this.isEmpty) return { changes: [], result: null };
      const older = [...this.#context.book.tables.links.values()].sort((a, b) => a.untilAt - b.untilAt);
      const surplus = older.slice(0, Math.max(0, older.length + 1 - FIRST_LINKS_MAX));
      const { link, changes } = this.#newLink(null);
      const ended = surplus.map(({ hash }): AccessChange => ({ delete: "links", key: hash }));
      return { changes: [...ended, ...changes], result: link };
    });
  }

  /** Throws `link_invalid`. */
  look(link: string): LinkFacts {
    const { userId, untilAt } = this.#link(link);
    if (userId === null) return { kind: "first", name: null, scope: "admin", untilAt };
    const { name, scope, password } = this.get(userId);
    return { kind: password === null ? "invited" : "reset", name, scope, untilAt };
  }

  /** Sets the password by a link, which is used up (US1); the name counts for the first user only. */
  async follow(caller: Caller, link: string, password: string, name: string | null): Promise<UserRow> {
    const before = this.look(link);
    const userName = before.name ?? name ?? "";
    const hash = await this.#hash(password, userName);
    return this.#context.book.update(() => {
      const { userId } = this.#link(link);
      const user = userId === null ? this.#newUser(userName, "admin", hash) : { ...this.get(userId), password: hash };
      const audit = this.#context.audit.row(
        { ...caller, principal: null },
        { action: "followLink", target: user.name, details: { kind: before.kind }, isByLink: true },
      );
      const changes: AccessChange[] = [
        { put: "users", row: user },
        ...this.#endings(userId),
        ...this.#linksOf(null),
        audit,
      ];
      return { changes, result: user };
    });
  }

  /** Throws `login_failed` unless the present password is right; ends every session of the user (US3). */
  async changePassword(caller: Caller, id: string, present: string, next: string): Promise<UserRow> {
    const user = this.get(id);
    if (!(await this.#context.passwords.isRight(present, user.password))) throw new StepwellError("login_failed");
    const hash = await this.#hash(next, user.name);
    return this.#context.book.update(() => {
      const row = { ...this.get(id), password: hash };
      const audit = this.#context.audit.row(caller, { action: "changePassword", target: user.name });
      return { changes: [{ put: "users", row }, ...this.#endings(id), audit], result: row };
    });
  }

  async #hash(password: string, name: string): Promise<string> {
    checkName(name);
    checkPassword(password, name);
    return this.#context.passwords.hash(password);
  }

  get #rows(): ReadonlyMap<string, UserRow> {
    return this.#context.book.tables.users;
  }

  #newUser(name: string, scope: AccessScope, password: string | null): UserRow {
    checkName(name);
    if (this.named(name) !== null) throw new StepwellError("user_exists", { name });
    if (this.#rows.size >= LIMITS.usersMax) throw tooMany("users", LIMITS.usersMax);
    const { newId, now } = this.#context;
    return { id: newId(), name, scope, password, createdAt: now(), signedInAt: null };
  }

  #newLink(userId: string | null): { readonly link: string; readonly changes: readonly AccessChange[] } {
    const link = newSecret();
    const createdAt = this.#context.now();
    const row: LinkRow = { hash: hashOf(link), userId, createdAt, untilAt: createdAt + LIMITS.linkMs };
    return { link, changes: [{ put: "links", row }] };
  }

  #link(link: string): LinkRow {
    const row = this.#context.book.tables.links.get(hashOf(link));
    const isGood = row !== undefined && row.untilAt > this.#context.now() && (row.userId !== null || this.isEmpty);
    if (!isGood) throw new StepwellError("link_invalid");
    return row;
  }

  /** What ends with a password, or with its user. */
  #endings(userId: string | null): AccessChange[] {
    return userId === null ? [] : [...this.#linksOf(userId), ...this.#sessionsOf(userId)];
  }

  #linksOf(userId: string | null): AccessChange[] {
    const links = [...this.#context.book.tables.links.values()].filter((link) => link.userId === userId);
    return links.map(({ hash }) => ({ delete: "links", key: hash }));
  }

  #sessionsOf(userId: string): AccessChange[] {
    const sessions = [...this.#context.book.tables.sessions.values()].filter((session) => session.userId === userId);
    return sessions.map(({ hash }) => ({ delete: "sessions", key: hash }));
  }

  /** US2. */
  #keepAnAdmin(user: UserRow): void {
    const isAdmin = ({ scope, password }: UserRow) => scope === "admin" && password !== null;
    if (isAdmin(user) && this.list().filter(isAdmin).length === 1) {
      throw new StepwellError("user_last_admin", { name: user.name });
    }
  }
}

export interface Made {
  readonly user: UserRow;
  readonly link: string | null;
}

const FIRST_LINKS_MAX = 5;
const NO_LINK = { link: null, changes: [] } as const;

export const nameKey = (name: string): string => name.normalize("NFKC").toLowerCase();

/** Throws `body_invalid`. */
function checkName(name: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u.test(name) && name.trim() === name) return;
  const reason = "a name has 1 to 64 letters, digits, spaces and . _ @ + -, and begins with a letter or a digit";
  throw new StepwellError("body_invalid", { reason });
}

export function tooMany(what: string, limit: number): StepwellError {
  return new StepwellError("too_many_credentials", { what, limit });
}
