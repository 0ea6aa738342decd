/**
 * Event keys: those that the server was started with, and those made here.
 *
 *   EK1. Compares with keys of the settings take the same time whatever differs, and every one is compared; keys made here
 *        are found by their hash.
 *   EK2. A key that was rotated holds for a while yet, so that senders can change over.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { EventKeyRow } from "../../store/access.ts";
import type { Audit } from "./audit.ts";
import type { AccessBook } from "./book.ts";
import type { Caller } from "./caller.ts";
import { hashOf, hintOf, newSecret } from "./secret.ts";
import { tooMany } from "./users.ts";

export interface EventKeysContext {
  readonly book: AccessBook;
  readonly audit: Audit;
  readonly newId: () => string;
  readonly now: () => number;
  /** Of the settings. */
  readonly given: readonly string[];
  /** Any key will do. */
  readonly isOpen: boolean;
}

export interface MadeKey {
  readonly row: EventKeyRow;
  /** Shown this once. */
  readonly key: string;
}

export class EventKeys {
  readonly #context: EventKeysContext;
  readonly #given: readonly Buffer[];

  constructor(context: EventKeysContext) {
    this.#context = context;
    this.#given = context.given.map(digest);
  }

  get hasAny(): boolean {
    return this.#given.length > 0 || this.#rows.size > 0;
  }

  /** Newest first. */
  list(): readonly EventKeyRow[] {
    return [...this.#rows.values()].sort((left, right) => (left.id < right.id ? 1 : -1));
  }

  /** Throws unless the key may send events. */
  check(key: string): void {
    if (this.#context.isOpen && this.#given.length === 0) return;
    if (key === "") throw new StepwellError("event_key_required");
    const found = digest(key);
    let isFound = false;
    for (const one of this.#given) if (timingSafeEqual(found, one)) isFound = true; // EK1
    if (!isFound && !this.#isStored(found.toString("hex"))) throw new StepwellError("event_key_unknown");
  }

  async create(caller: Caller, name: string): Promise<MadeKey> {
    const { book, audit } = this.#context;
    const key = newSecret();
    return book.update(() => {
      const row = this.#newRow(name, key);
      const deed = { action: "createKey", target: name, details: { id: row.id } };
      return { changes: [{ put: "eventKeys", row }, audit.row(caller, deed)], result: { row, key } };
    });
  }

  /** Another key in place of one, which holds until `graceMs` from now (EK2). */
  async rotate(caller: Caller, id: string, graceMs: number): Promise<MadeKey> {
    const { book, audit, now } = this.#context;
    const key = newSecret();
    return book.update(() => {
      const former = this.#get(id);
      const row = this.#newRow(former.name, key);
      const untilAt = Math.min(former.untilAt ?? Number.POSITIVE_INFINITY, now() + graceMs);
      const deed = { action: "rotateKey", target: former.name, details: { id, by: row.id, until: untilAt } };
      return {
        changes: [
          { put: "eventKeys", row: { ...former, untilAt } },
          { put: "eventKeys", row },
          audit.row(caller, deed),
        ],
        result: { row, key },
      };
    });
  }

  async revoke(caller: Caller, id: string): Promise<void> {
    const { book, audit } = this.#context;
    await book.update(() => {
      const { name } = this.#get(id);
      const deed = { action: "revokeKey", target: name, details: { id } };
      return { changes: [{ delete: "eventKeys", key: id }, audit.row(caller, deed)], result: undefined };
    });
  }

  /** Deletes keys that hold no more. */
  async expire(): Promise<void> {
    const { book, now } = this.#context;
    await book.update(() => {
      const over = [...this.#rows.values()].filter(({ untilAt }) => untilAt !== null && untilAt <= now());
      return { changes: over.map(({ id }) => ({ delete: "eventKeys", key: id }) as const), result: undefined };
    });
  }

  get #rows(): ReadonlyMap<string, EventKeyRow> {
    return this.#context.book.tables.eventKeys;
  }

  #get(id: string): EventKeyRow {
    const row = this.#rows.get(id);
    if (row === undefined) throw new StepwellError("not_found", { what: `Key ${id.slice(0, 128)}` });
    return row;
  }

  #newRow(name: string, key: string): EventKeyRow {
    if (this.#rows.size >= LIMITS.eventKeysMax) throw tooMany("event keys", LIMITS.eventKeysMax);
    const { newId, now } = this.#context;
    return { id: newId(), name, hash: hashOf(key), hint: hintOf(key), createdAt: now(), untilAt: null };
  }

  #isStored(hash: string): boolean {
    const now = this.#context.now();
    for (const row of this.#rows.values()) {
      if (row.hash === hash) return row.untilAt === null || row.untilAt > now;
    }
    return false;
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
