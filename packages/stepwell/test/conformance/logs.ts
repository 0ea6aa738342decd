/** What every store must do with the lines of handlers (LG1–LG3 of store/logs.ts). */
import { expect, test } from "vitest";
import { ulidTime } from "../../src/protocol/ids.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { NewLogLine } from "../../src/store/logs.ts";
import type { Store } from "../../src/store/store.ts";
import { idOf, T0 } from "./batches.ts";

const RUN = idOf(1);
const OTHER_RUN = idOf(2);
const EVER = { env: "default", limit: 100, linesMax: 1_000 };

export function makeLine(fields: Partial<NewLogLine> = {}): NewLogLine {
  return {
    env: "default",
    runId: RUN,
    functionId: "f1",
    step: null,
    stepName: null,
    attempt: 0,
    level: "info",
    at: T0,
    message: "hello",
    ...fields,
  };
}

const append = (store: Store, at: number, ...lines: Partial<NewLogLine>[]) =>
  store.logs.append({ lines: lines.map(makeLine), dropped: [], at });

const messages = (lines: readonly { readonly message: string }[]) => lines.map((line) => line.message);

export function logTests(current: () => Store): void {
  test("come back as they were, in the order in which they came in", async () => {
    const lines = [
      makeLine({ step: "a".repeat(40), stepName: "charge", attempt: 2, level: "error", at: T0 + 5, message: "\0 “é”" }),
      makeLine({ functionId: null, message: "\u{10ffff}#x" }),
    ];
    await current().logs.append({ lines, dropped: [], at: T0 });
    const found = await current().logs.list({ runId: RUN, order: "asc", limit: 10 });
    expect(found.map(({ id: _id, ...line }) => line)).toEqual(lines);
    expect(ulidTime(found[0]!.id)).toBe(T0);
    expect(found[0]!.id < found[1]!.id).toBe(true);
  });

  test("ids grow, also when many lines come in at one instant and when the clock steps back", async () => {
    const many = Array.from({ length: 1_200 }, () => makeLine());
    await current().logs.append({ lines: many, dropped: [], at: T0 });
    await append(current(), T0 - 1_000, {});
    const ids = (await current().logs.list({ runId: RUN, order: "asc", limit: 2_000 })).map((line) => line.id);
    expect(new Set(ids).size).toBe(1_201);
    expect(ids).toEqual([...ids].sort());
  });

  test("of a run go on after a line, or before it", async () => {
    await append(current(), T0, { message: "1" }, { message: "2" }, { message: "3" }, { runId: OTHER_RUN });
    const all = await current().logs.list({ runId: RUN, order: "asc", limit: 10 });
    const after = await current().logs.list({ runId: RUN, order: "asc", after: all[0]!.id, limit: 1 });
    const before = await current().logs.list({ runId: RUN, order: "desc", before: all[2]!.id, limit: 10 });
    expect([messages(after), messages(before)]).toEqual([["2"], ["2", "1"]]);
  });

  test("of a run by severity, step and attempt", async () => {
    const step = "b".repeat(40);
    await append(current(), T0, { message: "1", level: "debug" }, { message: "2", level: "warn", step, attempt: 1 });
    const list = async (query: object) =>
      messages(await current().logs.list({ runId: RUN, order: "asc", limit: 10, ...query }));
    expect(await list({ level: "warn" })).toEqual(["2"]);
    expect(await list({ step })).toEqual(["2"]);
    expect(await list({ attempt: 0 })).toEqual(["1"]);
  });

  test("are found across runs, newest first, by text, severity, function and time", async () => {
    await append(current(), T0, { message: "Card DECLINED", level: "error", functionId: "f2" });
    await append(
      current(),
      T0 + 10,
      { message: "card accepted", runId: OTHER_RUN },
      { message: "mail", level: "warn" },
    );
    const search = async (query: object) => messages((await current().logs.search({ ...EVER, ...query })).lines);
    expect(await search({})).toEqual(["mail", "card accepted", "Card DECLINED"]);
    expect(await search({ text: "cArD" })).toEqual(["card accepted", "Card DECLINED"]);
    expect(await search({ level: "warn" })).toEqual(["mail", "Card DECLINED"]);
    expect(await search({ functionIds: ["f2"] })).toEqual(["Card DECLINED"]);
    expect(await search({ functionIds: ["f2"], level: "error" })).toEqual(["Card DECLINED"]);
    expect(await search({ functionIds: ["f1", "f2"], text: "card" })).toHaveLength(2);
    expect(await search({ functionIds: [] })).toEqual([]);
    expect(await search({ from: T0 + 1 })).toEqual(["mail", "card accepted"]);
    expect(await search({ until: T0 + 10 })).toEqual(["Card DECLINED"]);
    expect(await search({ env: "other" })).toEqual([]);
  });

  test("a search looks at so many lines and says where it goes on", async () => {
    await append(current(), T0, ...Array.from({ length: 10 }, (_, number) => ({ message: `line ${number}` })));
    const first = await current().logs.search({ ...EVER, text: "line 1", linesMax: 4 });
    expect(first.lines).toEqual([]);
    const found: string[] = [];
    let next: string | null = first.next;
    while (next !== null) {
      const page = await current().logs.search({ ...EVER, text: "line 1", linesMax: 4, before: next });
      found.push(...messages(page.lines));
      next = page.next;
    }
    expect(found).toEqual(["line 1"]);
    const limited = await current().logs.search({ ...EVER, limit: 2 });
    expect(messages(limited.lines)).toEqual(["line 9", "line 8"]);
    const rest = await current().logs.search({ ...EVER, before: limited.next! });
    expect(rest).toMatchObject({ lines: { length: 8 }, next: null });
  });

  test("of one run no more are kept than the limit, and the rest is counted", async () => {
    const chars = LIMITS.logCharsPerRunMax / 4;
    const large = "x".repeat(chars);
    const appended = await append(current(), T0, ...Array.from({ length: 6 }, () => ({ message: large })));
    expect(appended).toMatchObject([{ runId: RUN, stored: 4, dropped: 2 }]);
    await current().logs.append({ lines: [], dropped: [{ runId: RUN, count: 5 }], at: T0 });
    expect(await current().logs.totals(RUN)).toEqual({ lines: 4, chars: 4 * chars, dropped: 7 });
    expect(await current().logs.totals(OTHER_RUN)).toEqual({ lines: 0, chars: 0, dropped: 0 });
  });
}
