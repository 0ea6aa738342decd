/** API tokens: what a program shows instead of a user. Found by their hash, and shown once. */
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { AccessScope, TokenRow } from "../../store/access.ts";
import type { Audit } from "./audit.ts";
import type { AccessBook } from "./book.ts";
import type { Caller, Principal } from "./caller.ts";
import { hashOf, newToken } from "./secret.ts";
import { tooMany } from "./users.ts";

export interface TokensContext {
  readonly book: AccessBook;
  readonly audit: Audit;
  readonly newId: () => string;
  readonly now: () => number;
}

export interface NewTokenFacts {
  readonly name: string;
  readonly scope: AccessScope;
  /** Null: it holds until it is revoked. */
  readonly untilAt: number | null;
}

/** How long a use is not written down again. */
const USED_EVERY_MS = 5 * 60_000;

export class Tokens {
  readonly #context: TokensContext;
  /** Ids by hash. */
  readonly #byHash = new Map<string, string>();

  constructor(context: TokensContext) {
    this.#context = context;
    for (const { id, hash } of context.book.tables.tokens.values()) this.#byHash.set(hash, id);
  }

  /** Newest first. */
  list(): readonly TokenRow[] {
    return [...this.#context.book.tables.tokens.values()].sort((left, right) => (left.id < right.id ? 1 : -1));
  }

  /** Null when it is unknown, revoked or over. */
  principalOf(token: string): Principal | null {
    return this.#at(this.#byHash.get(hashOf(token)) ?? "");
  }

  /** The same token as it is now, or null. */
  present({ id }: Principal): Principal | null {
    return this.#at(id);
  }

  #at(id: string): Principal | null {
    const { book, now } = this.#context;
    const row = book.tables.tokens.get(id);
    if (row === undefined || (row.untilAt !== null && row.untilAt <= now())) return null;
    return { kind: "token", id: row.id, name: row.name, scope: row.scope, hash: row.hash };
  }

  async create(caller: Caller, facts: NewTokenFacts): Promise<{ readonly row: TokenRow; readonly token: string }> {
    const { book, audit, newId, now } = this.#context;
    const token = newToken();
    const row = await book.update(() => {
      if (book.tables.tokens.size >= LIMITS.tokensMax) throw tooMany("API tokens", LIMITS.tokensMax);
      const { name, scope, untilAt } = facts;
      const createdBy = caller.principal?.name ?? "";
      const made: TokenRow = {
        id: newId(),
        name,
        scope,
        hash: hashOf(token),
        createdAt: now(),
        createdBy,
        usedAt: null,
        untilAt,
      };
      const details = { id: made.id, scope, ...(untilAt === null ? {} : { until: untilAt }) };
      return {
        changes: [{ put: "tokens", row: made }, audit.row(caller, { action: "createToken", target: name, details })],
        result: made,
      };
    });
    this.#byHash.set(row.hash, row.id);
    return { row, token };
  }

  async revoke(caller: Caller, id: string): Promise<void> {
    const { book, audit } = this.#context;
    const { hash } = await book.update(() => {
      const row = book.tables.tokens.get(id);
      if (row === undefined) throw new StepwellError("not_found", { what: `Token ${id.slice(0, 128)}` });
      const deed = { action: "revokeToken", target: row.name, details: { id } };
      return { changes: [{ delete: "tokens", key: id }, audit.row(caller, deed)], result: row };
    });
    this.#byHash.delete(hash);
  }

  /** Notes that the token is used, now and then. */
  async used({ id }: Principal): Promise<void> {
    const { book, now } = this.#context;
    const known = book.tables.tokens.get(id);
    if (known === undefined || now() - (known.usedAt ?? 0) < USED_EVERY_MS) return;
    await book.update(() => {
      const row = book.tables.tokens.get(id);
      return {
        changes: row === undefined ? [] : [{ put: "tokens", row: { ...row, usedAt: now() } }],
        result: undefined,
      };
    });
  }
}
