/**
 * The record of what people and tokens changed: who, what, of what, when, from where, and how it went.
 *
 *   AD1. A row is stored before what it tells of is begun, and completed afterwards: nothing is changed without a trace,
 *        also when the process dies between. A change of access rows has its row in the same transaction instead.
 *   AD2. No values of users and no secrets: ids, names of people and keys, numbers.
 */

import { isStepwellError } from "../../protocol/errors.ts";
import { canonicalJson, type JsonObject } from "../../protocol/json.ts";
import type { AccessChange, AuditRow } from "../../store/access.ts";
import type { AccessBook } from "./book.ts";
import type { Caller } from "./caller.ts";

export interface Deed {
  /** The operation id of the route. */
  readonly action: string;
  readonly target: string;
  readonly details?: JsonObject;
  /** The caller proved itself by a link for a password. */
  readonly isByLink?: boolean;
}

const TARGET_CHARS_MAX = 256;

export interface AuditContext {
  readonly newId: () => string;
  readonly now: () => number;
}

export class Audit {
  readonly #book: AccessBook;
  readonly #context: AuditContext;

  constructor(book: AccessBook, context: AuditContext) {
    this.#book = book;
    this.#context = context;
  }

  /** A row for a change that is stored with it (AD1). */
  row(caller: Caller | "server", deed: Deed, outcome = "done"): AccessChange {
    const { action, target, details = {}, isByLink = false } = deed;
    const isServer = caller === "server";
    const row: AuditRow = {
      id: this.#context.newId(),
      at: this.#context.now(),
      actorKind: isServer ? "server" : (caller.principal?.kind ?? (isByLink ? "link" : "none")),
      actor: isServer ? "" : (caller.principal?.name ?? ""),
      action,
      target: target.slice(0, TARGET_CHARS_MAX),
      address: isServer ? "" : caller.address,
      outcome,
      details: canonicalJson(details),
    };
    return { put: "audit", row };
  }

  /** Does something that is not stored here, with its row around it (AD1). */
  async around<Result>(caller: Caller, deed: Deed, work: () => Result | Promise<Result>): Promise<Result> {
    const begun = this.row(caller, deed, "begun");
    await this.#save(begun);
    try {
      const result = await work();
      await this.#save(withOutcome(begun, "done"));
      return result;
    } catch (error) {
      await this.#save(withOutcome(begun, isStepwellError(error) ? error.code : "internal_error"));
      throw error;
    }
  }

  async record(caller: Caller | "server", deed: Deed): Promise<void> {
    await this.#save(this.row(caller, deed));
  }

  #save(change: AccessChange): Promise<void> {
    return this.#book.update(() => ({ changes: [change], result: undefined }));
  }
}

function withOutcome(change: AccessChange, outcome: string): AccessChange {
  return "row" in change && change.put === "audit" ? { put: "audit", row: { ...change.row, outcome } } : change;
}
