/**
 * Who may use the server, and who changed what: rows beside those of runs.
 *
 *   AC1. They are not run state: no command of the loop reads them and no transition depends on them. So they are written by
 *        transactions of their own, and E1 to E5 hold: what the loop commits is as whole, as ordered and as fenced as
 *        before. The store's one writer takes both kinds, one after the other.
 *   AC2. The changes of one call are stored together or not at all: a change is never stored without its audit row.
 *   AC3. Of what proves something (passwords, links, sessions, tokens, event keys) only hashes are here.
 */
import type { Instant } from "../core/instant.ts";
import type { JsonText } from "../protocol/json.ts";

/** What a person or a token may do; each includes those before it. */
export type AccessScope = "read" | "operate" | "admin";

export interface UserRow {
  readonly id: string;
  /** One per person, whatever its case. */
  readonly name: string;
  readonly scope: AccessScope;
  /** With the parameters that it was hashed by; null until the user has chosen one. */
  readonly password: string | null;
  readonly createdAt: Instant;
  readonly signedInAt: Instant | null;
}

/** A link by which a user chooses a password, once. */
export interface LinkRow {
  readonly hash: string;
  /** Null: whoever follows it becomes the first user. */
  readonly userId: string | null;
  readonly createdAt: Instant;
  readonly untilAt: Instant;
}

export interface SessionRow {
  /** Of what the browser keeps. */
  readonly hash: string;
  readonly userId: string;
  readonly createdAt: Instant;
  readonly seenAt: Instant;
  readonly address: string;
}

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scope: AccessScope;
  readonly hash: string;
  readonly createdAt: Instant;
  readonly createdBy: string;
  readonly usedAt: Instant | null;
  /** Null: until it is revoked. */
  readonly untilAt: Instant | null;
}

export interface EventKeyRow {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  /** Its last characters, to tell it from others. */
  readonly hint: string;
  readonly createdAt: Instant;
  /** A key that was rotated holds until then; null: until it is revoked. */
  readonly untilAt: Instant | null;
}

/** One change: who, what, of what, when, from where, and how it went. */
export interface AuditRow {
  readonly id: string;
  readonly at: Instant;
  /** How the actor proved itself: `session`, `token`, `signing_key`, `link`, `open`, `server` or `none`. */
  readonly actorKind: string;
  readonly actor: string;
  /** The operation id of the route, or what the server did by itself. */
  readonly action: string;
  readonly target: string;
  readonly address: string;
  /** `begun` until it is known: then `done`, or the code of an error. */
  readonly outcome: string;
  /** Names and numbers, no values of users and no secrets. */
  readonly details: JsonText;
}

/** Rows by table. */
export interface AccessTables {
  readonly users: UserRow;
  readonly links: LinkRow;
  readonly sessions: SessionRow;
  readonly tokens: TokenRow;
  readonly eventKeys: EventKeyRow;
}

export type AccessTable = keyof AccessTables;

export type AccessRows = { readonly [Table in AccessTable]: readonly AccessTables[Table][] };

type TableChange = {
  [Table in AccessTable]:
    | { readonly put: Table; readonly row: AccessTables[Table] }
    | { readonly delete: Table; readonly key: string };
}[AccessTable];

/** A put replaces the row that has its key. */
export type AccessChange = TableChange | { readonly put: "audit"; readonly row: AuditRow };

/** The field by which a row is known. */
export const ACCESS_KEYS = {
  users: "id",
  links: "hash",
  sessions: "hash",
  tokens: "id",
  eventKeys: "id",
} as const satisfies { readonly [Table in AccessTable]: keyof AccessTables[Table] };

export interface AuditFilter {
  readonly action?: string;
  readonly actor?: string;
  /** The id of the last row of the page before: newest first. */
  readonly before?: string;
  readonly limit: number;
}

/** The part of the store that holds these rows. */
export interface AccessStore {
  /** All rows, in the order of their keys; there are few, see `LIMITS`. */
  loadAccess(): Promise<AccessRows>;
  /** AC2. The changes in their order. */
  saveAccess(changes: readonly AccessChange[]): Promise<void>;
  /** Newest first. */
  listAudit(filter: AuditFilter): Promise<AuditRow[]>;
  /** Deletes audit rows from before `until`, at most `limit` of them; returns how many. */
  expireAudit(until: Instant, limit: number): Promise<number>;
}
