import { expect, test } from "vitest";
import type { Command } from "../core/command.ts";
import { Inbox } from "./inbox.ts";

interface Item {
  readonly command: Command;
  readonly name: string;
}

const event = (name: string): Item => ({ command: { kind: "receive_events", events: [] }, name });
const look = (name: string): Item => ({ command: { kind: "look", read: () => null }, name });

function turn(inbox: Inbox<Item>): string[] {
  const names: string[] = [];
  for (let item = inbox.next(); item !== undefined; item = inbox.next()) names.push(item.name);
  return names;
}

function filled(events: number, others: number): Inbox<Item> {
  const inbox = new Inbox<Item>();
  for (let index = 0; index < Math.max(events, others); index++) {
    if (index < events) inbox.push(event(`e${index}`));
    if (index < others) inbox.push(look(`o${index}`));
  }
  return inbox;
}

test("what has begun goes first, and some events come along", () => {
  const names = turn(filled(100, 100));
  expect(names).toHaveLength(64);
  expect(names.slice(0, 48).every((name) => name.startsWith("o"))).toBe(true);
  expect(names.slice(48)).toEqual(Array.from({ length: 16 }, (_, index) => `e${index}`));
});

test("events alone have the turn to themselves", () => {
  const inbox = filled(100, 0);
  expect(turn(inbox)).toHaveLength(64);
  expect(turn(inbox)).toHaveLength(36);
  expect(turn(inbox)).toEqual([]);
});

test("without events a turn is as long", () => {
  const inbox = filled(0, 100);
  expect(turn(inbox)).toHaveLength(64);
  expect(turn(inbox)).toHaveLength(36);
});

test("few commands leave no room unused, but events beside them stay few", () => {
  const names = turn(filled(100, 3));
  expect(names).toHaveLength(19);
  expect(names.slice(0, 4)).toEqual(["o0", "o1", "o2", "e0"]);
});

test("each kind is taken in its order, whatever is pushed meanwhile", () => {
  const inbox = filled(2, 2);
  const names: string[] = [];
  for (let item = inbox.next(); item !== undefined; item = inbox.next()) {
    names.push(item.name);
    if (names.length === 1) inbox.push(look("o2"));
  }
  expect(names).toEqual(["o0", "o1", "o2", "e0", "e1"]);
});

test("events are not kept waiting for good by what never ends", () => {
  const inbox = filled(20, 200);
  const names = [turn(inbox), turn(inbox), turn(inbox)].flat();
  expect(names.filter((name) => name.startsWith("e"))).toHaveLength(20);
  expect(inbox.size).toBe(220 - names.length);
});

test("what was being applied is drained too, and what was applied is not", () => {
  const inbox = filled(1, 3);
  inbox.next();
  inbox.next();
  expect(inbox.drain().map(({ name }) => name)).toEqual(["o1", "o2", "e0"]);
  expect(inbox.size).toBe(0);
  inbox.push(event("later"));
  expect(turn(inbox)).toEqual(["later"]);
});
