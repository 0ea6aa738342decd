/**
 * The messages between runs that wait to be acted on: those of this process as they are committed, those of earlier ones
 * from the store.
 *
 *   MB1. A message is handed out once in a life, when its commit is known or when a page shows it, whichever is first; what
 *        is handed out and not acted on when memory is dropped is read again.
 *   MB2. At most `messagesMax` are in memory; the rest stays in the store until there is room (E6).
 */
import type { InboxMessage } from "../core/inbox.ts";

const MESSAGES_MAX = 10_000;
const PAGE = 1_000;

export interface MailboxPage {
  readonly after: string | null;
  readonly limit: number;
}

export class Mailbox {
  readonly #pending = new Set<string>();
  readonly #max: number;
  #hasMore = true;
  #isPaging = false;
  /** A message found no room while a page was being read: that page may have missed it. */
  #mustBeginAgain = false;
  #pagedTo: string | null = null;

  constructor(messagesMax = MESSAGES_MAX) {
    this.#max = messagesMax;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Messages of a commit: those to act on now. A page that was read beside the commit may have had them first. */
  committed(messages: Iterable<InboxMessage>, isDone: (id: string) => boolean): InboxMessage[] {
    const taken: InboxMessage[] = [];
    for (const message of messages) {
      if (this.#pending.has(message.id) || isDone(message.id)) continue;
      if (this.#pending.size < this.#max) {
        this.#pending.add(message.id);
        taken.push(message);
      } else {
        this.#hasMore = true; // MB2
        this.#pagedTo = null;
        this.#mustBeginAgain = this.#isPaging;
      }
    }
    return taken;
  }

  /** The message has been acted on. */
  done(id: string): void {
    this.#pending.delete(id);
  }

  /** The page to read now, or null. */
  pageRequest(): MailboxPage | null {
    if (!this.#hasMore || this.#isPaging || this.#pending.size > this.#max / 2) return null;
    this.#isPaging = true;
    return { after: this.#pagedTo, limit: PAGE };
  }

  /** A page arrived: those of it to act on. `isDone` tells which are acted on already, though the page still has them. */
  adoptPage(page: MailboxPage, messages: readonly InboxMessage[], isDone: (id: string) => boolean): InboxMessage[] {
    this.#isPaging = false;
    if (this.#mustBeginAgain) this.#mustBeginAgain = false;
    else {
      this.#hasMore = messages.length >= page.limit;
      this.#pagedTo = this.#hasMore ? messages.at(-1)!.id : null;
    }
    const fresh = messages.filter(({ id }) => !this.#pending.has(id) && !isDone(id));
    for (const { id } of fresh) this.#pending.add(id);
    return fresh;
  }
}
