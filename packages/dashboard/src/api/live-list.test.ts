import { describe, expect, test } from "vitest";
import { firstPage, type ListState, refreshed, shown, withOlder } from "./live-list.ts";

interface Row {
  readonly id: string;
  readonly status?: string;
}

const idOf = (row: Row) => row.id;
const rows = (...ids: readonly string[]): Row[] => ids.map((id) => ({ id }));
const ids = (list: readonly Row[]) => list.map(idOf).join("");
const page = (list: readonly Row[], cursor: string | null = null) => ({ rows: list, cursor });
const top = { after: null, isFollowing: false };
const following = { after: null, isFollowing: true };

const start: ListState<Row> = firstPage(page(rows("e", "d", "c", "b"), "b"));

describe("a list that is looked at again from the top", () => {
  test("keeps new rows beside it while somebody reads", () => {
    const next = refreshed(start, page(rows("g", "f", "e", "d"), "d"), idOf, top);
    expect(ids(next.rows)).toBe("edcb");
    expect(ids(next.waiting)).toBe("gf");
  });

  test("takes new rows in while somebody follows", () => {
    const next = refreshed(start, page(rows("g", "f", "e", "d"), "d"), idOf, following);
    expect(ids(next.rows)).toBe("gfedcb");
    expect(next.waiting).toEqual([]);
  });

  test("updates the rows that it holds", () => {
    const next = refreshed(start, page([{ id: "e", status: "done" }, ...rows("d")], "d"), idOf, top);
    expect(next.rows[0]).toEqual({ id: "e", status: "done" });
  });

  test("marks rows that the filter has no more, and drops them when they may go", () => {
    const next = refreshed(start, page(rows("e", "c"), "c"), idOf, top);
    expect([...next.gone]).toEqual(["d"]);
    expect(ids(next.rows)).toBe("edcb");
    expect(ids(shown(next, idOf).rows)).toBe("ecb");
  });

  test("says nothing about rows further down than the page", () => {
    expect(refreshed(start, page(rows("e", "d"), "d"), idOf, top).gone.size).toBe(0);
  });

  test("begins anew where more has come than a page holds", () => {
    const far = page(rows("z", "y"), "y");
    expect(refreshed(start, far, idOf, top)).toMatchObject({ isGapped: true });
    expect(ids(refreshed(start, far, idOf, following).rows)).toBe("zy");
    expect(ids(shown(refreshed(start, far, idOf, top), idOf).rows)).toBe("zy");
  });
});

test("what waited takes its place at the top, once", () => {
  const first = refreshed(start, page(rows("f", "e", "d"), "d"), idOf, top);
  const second = refreshed(first, page(rows("g", "f", "e"), "e"), idOf, top);
  expect(ids(second.waiting)).toBe("gf");
  expect(ids(shown(second, idOf).rows)).toBe("gfedcb");
});

test("older rows follow behind the last, none twice", () => {
  const next = withOlder(start, page(rows("b", "a")), idOf);
  expect(ids(next.rows)).toBe("edcba");
  expect(next.cursor).toBeNull();
});

test("a stretch in the middle is updated alone", () => {
  const next = refreshed(start, page([{ id: "c", status: "done" }], "c"), idOf, { after: "d", isFollowing: false });
  expect(next.rows.map((row) => row.status)).toEqual([undefined, undefined, "done", undefined]);
  expect(next.waiting).toEqual([]);
});
