/**
 * Who may use the server: people, programs and apps, and what they prove it with.
 *
 *   AX1. Open (nobody has to prove anything) is only `dev` on an address of this machine, without a public one. Everything else
 *        is closed.
 *   AX2. One proof counts: whoever sends an `Authorization` header is judged by it alone.
 *   AX3. A cookie counts only where a page of this server makes the browser send it (origin.ts OR2).
 *   AX4. Apps of a `dev` server without a signing key have none to show; what is made for apps is open to them there.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { IdSource } from "../../protocol/ids.ts";
import type { AccessStore } from "../../store/access.ts";
import type { ServerLog } from "../log.ts";
import { Attempts } from "./attempts.ts";
import { Audit } from "./audit.ts";
import { AccessBook } from "./book.ts";
import { addressOf, type Caller, isSecure, type Placement, type Principal } from "./caller.ts";
import { sessionOf } from "./cookie.ts";
import { EventKeys } from "./event-keys.ts";
import { mayUseCookie, type OriginRules } from "./origin.ts";
import { Passwords } from "./password.ts";
import { Sessions } from "./sessions.ts";
import { bearerToken, signingKeyCheck } from "./signing-keys.ts";
import { Tokens } from "./tokens.ts";
import { Users } from "./users.ts";

export interface AccessOptions extends Placement {
  readonly store: AccessStore;
  readonly kind: "dev" | "cloud";
  /** What the server listens on. */
  readonly host: string;
  /** Current first, then the fallback. */
  readonly signingKeys: readonly string[];
  readonly eventKeys: readonly string[];
  readonly ids: IdSource;
  readonly log: ServerLog;
  readonly now?: () => number;
}

const OPEN: Principal = { kind: "open", id: "", name: "", scope: "admin", hash: null };
const SIGNING_KEY: Principal = { kind: "signing_key", id: "", name: "signing key", scope: "admin", hash: null };

export class Access {
  readonly isOpen: boolean;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly eventKeys: EventKeys;
  readonly audit: Audit;
  readonly attempts: Attempts = new Attempts();
  readonly origins: OriginRules;
  /** Of the settings, for people: the end of each, current first. */
  readonly signingKeys: readonly string[];
  readonly givenEventKeys: readonly string[];
  readonly now: () => number;
  readonly #isSigningKey: (token: string) => boolean;
  /** AX4. */
  readonly #admitsApps: boolean;
  readonly #log: ServerLog;
  #hasWarned = false;

  /** Reads who there is. */
  static async open(options: AccessOptions): Promise<Access> {
    return new Access(options, new AccessBook(options.store, await options.store.loadAccess()));
  }

  private constructor(options: AccessOptions, book: AccessBook) {
    const { kind, host, publicUrl, trustProxy, signingKeys, eventKeys, ids } = options;
    const now = options.now ?? Date.now;
    const newId = () => ids.next(now());
    const passwords = new Passwords();
    this.isOpen = kind === "dev" && isLoopback(host) && publicUrl === null; // AX1
    this.origins = { isOpen: this.isOpen, publicUrl, trustProxy };
    this.signingKeys = signingKeys;
    this.givenEventKeys = eventKeys;
    this.now = now;
    this.audit = new Audit(book, { newId, now });
    this.users = new Users({ book, audit: this.audit, passwords, newId, now });
    const { audit, users, attempts } = this;
    this.sessions = new Sessions({ book, audit, users, passwords, attempts, log: options.log, now });
    this.tokens = new Tokens({ book, audit, newId, now });
    this.eventKeys = new EventKeys({ book, audit, newId, now, given: eventKeys, isOpen: kind === "dev" });
    this.#isSigningKey = signingKeyCheck(signingKeys);
    this.#admitsApps = kind === "dev" && signingKeys.length === 0;
    this.#log = options.log;
  }

  callerOf(request: IncomingMessage): Caller {
    const { origins } = this;
    const address = addressOf(request, origins);
    const secure = isSecure(request, origins);
    return { principal: this.#principalOf(request, secure), address, isSecure: secure };
  }

  /** What an app is when it has nothing to show; null where it must have (AX4). */
  get appWithoutKey(): Principal | null {
    return this.#admitsApps ? OPEN : null;
  }

  /** The secret of the session that the browser has, whatever it is worth. */
  sessionSecretOf(request: IncomingMessage): string | null {
    return sessionOf(request, isSecure(request, this.origins));
  }

  /** The principal as it is now; null when what it proved itself with holds no more. */
  present(principal: Principal): Principal | null {
    if (principal.kind === "session") return this.sessions.present(principal);
    return principal.kind === "token" ? this.tokens.present(principal) : principal;
  }

  /** Writes down, now and then, that a session or a token is used. */
  noteUse(principal: Principal): void {
    if (principal.hash === null) return;
    const noted = principal.kind === "session" ? this.sessions.seen(principal) : this.tokens.used(principal);
    noted.catch((error: unknown) =>
      this.#log.warn("the use of a session is not written down", { error: String(error) }),
    );
  }

  /** Says once that all who come through a proxy share their attempts to log in, as long as it is not trusted. */
  warnOfProxy(): void {
    if (this.origins.trustProxy || this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(
      "log-ins come through a proxy that is not trusted; if it is yours, start the server with --trust-proxy",
    );
  }

  /** Deletes what is over. */
  async expire(): Promise<void> {
    await this.sessions.expire();
    await this.eventKeys.expire();
  }

  #principalOf(request: IncomingMessage, secure: boolean): Principal | null {
    if (this.isOpen) return OPEN;
    const { authorization } = request.headers;
    if (authorization !== undefined) return this.#bearer(bearerToken(authorization)); // AX2
    const secret = sessionOf(request, secure);
    return secret !== null && mayUseCookie(request, this.origins) ? this.sessions.principalOf(secret) : null; // AX3
  }

  #bearer(token: string): Principal | null {
    if (token === "") return null;
    return this.#isSigningKey(token) ? SIGNING_KEY : this.tokens.principalOf(token);
  }
}

/** An address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
