/**
 * Who is logged in.
 *
 *   SS1. A session's secret is made here, at a log-in, and never taken from a browser: what was planted there before is
 *        worth nothing, and a new log-in ends the session that the browser had.
 *   SS2. A session ends by itself: some days after its last use, and some weeks after its beginning.
 */
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { AccessChange, SessionRow, UserRow } from "../../store/access.ts";
import type { ServerLog } from "../log.ts";
import type { Attempts } from "./attempts.ts";
import type { Audit } from "./audit.ts";
import type { AccessBook } from "./book.ts";
import type { Caller, Principal } from "./caller.ts";
import type { Passwords } from "./password.ts";
import { hashOf, newSecret } from "./secret.ts";
import { nameKey, type Users } from "./users.ts";

export interface SessionsContext {
  readonly book: AccessBook;
  readonly audit: Audit;
  readonly users: Users;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
  readonly log: Pick<ServerLog, "warn">;
  readonly now: () => number;
}

export interface OpenedSession {
  readonly secret: string;
  readonly principal: Principal;
  readonly untilAt: number;
}

/** How long a use is not written down again. */
const SEEN_EVERY_MS = 5 * 60_000;

export class Sessions {
  readonly #context: SessionsContext;

  constructor(context: SessionsContext) {
    this.#context = context;
  }

  /** Null when it is unknown or over. */
  principalOf(secret: string): Principal | null {
    return this.#at(hashOf(secret));
  }

  /** The same session as it is now, or null. */
  present({ hash }: Principal): Principal | null {
    return hash === null ? null : this.#at(hash);
  }

  /** When the session of a principal ends, if nobody uses it any more. */
  endOf({ hash }: Principal): number | null {
    const row = hash === null ? undefined : this.#context.book.tables.sessions.get(hash);
    return row === undefined ? null : endOf(row);
  }

  /** Throws `login_failed` or `too_many_attempts`. `former` is what the browser had. */
  async login(caller: Caller, name: string, password: string, former: string | null): Promise<OpenedSession> {
    const { users, passwords, attempts, now, log } = this.#context;
    const giveBack = attempts.begin(caller.address, nameKey(name), now());
    const user = users.named(name);
    if (!(await passwords.isRight(password, user?.password ?? null)) || user === null) {
      log.warn("a log-in failed", { address: caller.address }); // No name: it may be a password in the wrong field.
      throw new StepwellError("login_failed");
    }
    giveBack();
    return this.open(caller, user, former, "login");
  }

  /** A session for a user who has proved to be that user; `password` of the row is what the proof was about. */
  open(caller: Caller, user: UserRow, former: string | null, action: string): Promise<OpenedSession> {
    const { book, audit, now } = this.#context;
    const secret = newSecret(); // SS1
    return book.update(() => {
      const present = book.tables.users.get(user.id);
      if (present === undefined || present.password !== user.password) throw new StepwellError("login_failed");
      const at = now();
      const row: SessionRow = {
        hash: hashOf(secret),
        userId: user.id,
        createdAt: at,
        seenAt: at,
        address: caller.address,
      };
      const principal = principalOf(present, row.hash);
      const changes: AccessChange[] = [
        ...(former === null ? [] : [{ delete: "sessions", key: hashOf(former) } as const]),
        ...this.#surplusOf(user.id),
        { put: "sessions", row },
        { put: "users", row: { ...present, signedInAt: at } },
        audit.row({ ...caller, principal }, { action, target: user.name }),
      ];
      return { changes, result: { secret, principal, untilAt: endOf(row) } };
    });
  }

  async logout(caller: Caller): Promise<void> {
    const { book, audit } = this.#context;
    const { principal } = caller;
    if (principal?.kind !== "session" || principal.hash === null) return;
    const { hash, name } = principal;
    await book.update(() => {
      const row = audit.row(caller, { action: "logout", target: name });
      return { changes: [{ delete: "sessions", key: hash }, row], result: undefined };
    });
  }

  /** Notes that the session is used, now and then. */
  async seen({ hash }: Principal): Promise<void> {
    const { book, now } = this.#context;
    const known = hash === null ? undefined : book.tables.sessions.get(hash);
    if (known === undefined || now() - known.seenAt < SEEN_EVERY_MS) return;
    await book.update(() => {
      const row = book.tables.sessions.get(known.hash);
      return {
        changes: row === undefined ? [] : [{ put: "sessions", row: { ...row, seenAt: now() } }],
        result: undefined,
      };
    });
  }

  /** Deletes sessions that are over (SS2), and links too. */
  async expire(): Promise<void> {
    const { book, now } = this.#context;
    await book.update(() => {
      const sessions = [...book.tables.sessions.values()].filter((row) => endOf(row) <= now());
      const links = [...book.tables.links.values()].filter((row) => row.untilAt <= now());
      const changes: AccessChange[] = [
        ...sessions.map(({ hash }) => ({ delete: "sessions", key: hash }) as const),
        ...links.map(({ hash }) => ({ delete: "links", key: hash }) as const),
      ];
      return { changes, result: undefined };
    });
  }

  #at(hash: string): Principal | null {
    const { book, now } = this.#context;
    const row = book.tables.sessions.get(hash);
    const user = row === undefined ? undefined : book.tables.users.get(row.userId);
    return row === undefined || user === undefined || endOf(row) <= now() ? null : principalOf(user, row.hash);
  }

  /** Of one user only so many are kept: those that were used last. */
  #surplusOf(userId: string): AccessChange[] {
    const own = [...this.#context.book.tables.sessions.values()].filter((row) => row.userId === userId);
    own.sort((left, right) => right.seenAt - left.seenAt);
    return own.slice(LIMITS.sessionsPerUserMax - 1).map(({ hash }) => ({ delete: "sessions", key: hash }));
  }
}

function principalOf({ id, name, scope }: UserRow, hash: string): Principal {
  return { kind: "session", id, name, scope, hash };
}

const endOf = ({ createdAt, seenAt }: SessionRow): number =>
  Math.min(createdAt + LIMITS.sessionMs, seenAt + LIMITS.sessionIdleMs);
