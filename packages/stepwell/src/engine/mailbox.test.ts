import { describe, expect, test } from "vitest";
import type { InboxMessage } from "../core/inbox.ts";
import { Mailbox } from "./mailbox.ts";

const message = (number: number): InboxMessage => ({
  id: String(number).padStart(4, "0"),
  content: { kind: "drop_wait", runId: "r", slot: "s" },
});
const messages = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const ids = (list: readonly InboxMessage[]) => list.map(({ id }) => Number(id));
const nothingDone = () => false;

/** A mailbox with room for some messages that has read an empty store. */
function emptyMailbox(max: number): Mailbox {
  const mailbox = new Mailbox(max);
  mailbox.adoptPage(mailbox.pageRequest()!, [], nothingDone);
  return mailbox;
}

describe("messages of this process", () => {
  test("are handed out as they are committed", () => {
    const mailbox = emptyMailbox(10);
    expect(ids(mailbox.committed(messages(1, 3), nothingDone))).toEqual([1, 2, 3]);
    expect([mailbox.size, mailbox.pageRequest()]).toEqual([3, null]);
  });

  test("that find no room stay in the store until half of it is free, and are read then", () => {
    const mailbox = emptyMailbox(4);
    expect(ids(mailbox.committed(messages(1, 6), nothingDone))).toEqual([1, 2, 3, 4]);
    expect(mailbox.pageRequest()).toBeNull();
    for (const { id } of messages(1, 2)) mailbox.done(id);
    const page = mailbox.pageRequest()!;
    expect(page.after).toBeNull();
    expect(ids(mailbox.adoptPage(page, messages(3, 6), nothingDone))).toEqual([5, 6]);
    expect(mailbox.pageRequest()).toBeNull();
  });

  test("that find no room while a page is read are not missed, though that page may not have them", () => {
    const mailbox = new Mailbox(4);
    const page = mailbox.pageRequest()!;
    mailbox.committed(messages(1, 6), nothingDone);
    expect(mailbox.adoptPage(page, [], nothingDone)).toEqual([]);
    for (const { id } of messages(1, 4)) mailbox.done(id);
    expect(ids(mailbox.adoptPage(mailbox.pageRequest()!, messages(5, 6), nothingDone))).toEqual([5, 6]);
    expect(mailbox.pageRequest()).toBeNull();
  });
});

describe("messages that a page shows before their commit is answered", () => {
  test("are handed out once, whether they are still out or dealt with by then", () => {
    const mailbox = new Mailbox(4);
    const page = mailbox.pageRequest()!;
    expect(ids(mailbox.adoptPage(page, messages(1, 2), nothingDone))).toEqual([1, 2]);
    mailbox.done("0001");
    expect(ids(mailbox.committed(messages(1, 3), (id) => id === "0001"))).toEqual([3]);
  });
});

describe("messages of earlier processes", () => {
  test("are read page by page, one page at a time", () => {
    const mailbox = new Mailbox();
    const first = mailbox.pageRequest()!;
    expect(mailbox.pageRequest()).toBeNull();
    const full = messages(1, first.limit);
    expect(mailbox.adoptPage(first, full, nothingDone)).toHaveLength(first.limit);
    const second = mailbox.pageRequest()!;
    expect(second.after).toBe(full.at(-1)!.id);
    mailbox.adoptPage(second, messages(first.limit + 1, first.limit + 1), nothingDone);
    expect(mailbox.pageRequest()).toBeNull();
  });

  test("are not handed out again while they are out, nor when they were dealt with while the page was read", () => {
    const mailbox = emptyMailbox(4);
    mailbox.committed(messages(1, 6), nothingDone);
    for (const { id } of messages(1, 3)) mailbox.done(id);
    const isDone = (id: string) => id === "0005";
    expect(ids(mailbox.adoptPage(mailbox.pageRequest()!, messages(4, 6), isDone))).toEqual([6]);
    expect(mailbox.size).toBe(2);
  });
});
