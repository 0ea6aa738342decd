import { describe, expect, test } from "vitest";
import { dateText, durationMs, durationText } from "./duration-input.ts";

describe("durations", () => {
  test("texts as the guide writes them", () => {
    expect(["30s", "5m", "2h", "7d", "1h30m", "1w", "300ms"].map((text) => durationMs(text, "x"))).toEqual([
      30_000, 300_000, 7_200_000, 604_800_000, 5_400_000, 604_800_000, 300,
    ]);
  });

  test("numbers are milliseconds, objects are added up", () => {
    expect(durationMs(1_500, "x")).toBe(1_500);
    expect(durationMs({ hours: 24, minutes: 1 }, "x")).toBe(86_460_000);
  });

  test("on the wire they have whole units", () => {
    expect([durationText(90_000, "x"), durationText(0, "x"), durationText("1.5h", "x")]).toEqual([
      "1m30s",
      "0s",
      "1h30m",
    ]);
  });

  test("what is none names its place", () => {
    for (const value of ["", "soon", "1,5h", -1, Number.NaN, {}, { months: 1 }]) {
      expect(() => durationMs(value, "the place")).toThrow(/^the place: .* is not a duration/);
    }
  });
});

describe("moments", () => {
  test("dates, ISO texts and anything with epoch milliseconds", () => {
    const text = "2030-01-01T09:00:00.000Z";
    expect(dateText(new Date(text), "x")).toBe(text);
    expect(dateText("2030-01-01T10:00:00+01:00", "x")).toBe(text);
    expect(dateText({ epochMilliseconds: Date.parse(text) }, "x")).toBe(text);
  });

  test("what is none names its place", () => {
    for (const value of ["tomorrow", "1", new Date(Number.NaN), { epochMilliseconds: 1e99 }]) {
      expect(() => dateText(value, "the place")).toThrow(/^the place: .* is not a date/);
    }
  });
});
