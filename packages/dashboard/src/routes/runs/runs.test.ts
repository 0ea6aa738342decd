import { describe, expect, test } from "vitest";
import { gridOf, readColumns } from "./columns.ts";
import { filterOf, isFiltered, isSearching, readRunSearch } from "./run-search.ts";
import { stretch, toggled } from "./selection.ts";

describe("the filters in an address", () => {
  test("are those that are known", () => {
    expect(readRunSearch({ status: "failed,nonsense", text: "x", other: 1, app: "" })).toEqual({
      status: "FAILED",
      text: "x",
    });
    expect(isFiltered(readRunSearch({}))).toBe(false);
    expect(isSearching({ if: "event.data.n > 1" })).toBe(true);
  });

  test("make a period a time", () => {
    const now = Date.UTC(2026, 0, 2);
    expect(filterOf({ since: "24h" }, now).from).toBe("2026-01-01T00:00:00.000Z");
    expect(filterOf({ since: "2025-12-31T00:00:00Z" }, now).from).toBe("2025-12-31T00:00:00Z");
  });
});

describe("columns", () => {
  test("that somebody chose are remembered in their order", () => {
    expect(readColumns("took,id,nonsense")).toEqual(["id", "took"]);
    expect(readColumns("")).toEqual([]);
    expect(readColumns(null)).toContain("queued");
    expect(gridOf(["id"]).split(" ").at(-1)).toBe("5.5rem");
  });
});

describe("a selection", () => {
  test("is a stretch with Shift, whichever end was first", () => {
    expect(stretch(["a", "b", "c", "d"], "c", "a")).toEqual(["a", "b", "c"]);
    expect(stretch(["a", "b"], "gone", "b")).toEqual(["b"]);
  });

  test("gains and loses rows", () => {
    const ids = toggled(new Set(["a"]), ["b", "c"], true);
    expect([...toggled(ids, ["a"], false)]).toEqual(["b", "c"]);
  });
});
