import { describe, expect, test } from "vitest";
import { isValidPattern, patternsFor } from "./pattern.ts";

describe("patternsFor", () => {
  test("cuts at every slash, then at every dot", () => {
    expect(patternsFor("a/b/c.d")).toEqual(["a/*", "a/b/*", "a/b/c.*"]);
    expect(patternsFor("a.b/c.d")).toEqual(["a.b/*", "a.*", "a.b/c.*"]);
  });

  test("gives what the documented examples are matched by", () => {
    expect(patternsFor("app/user.created")).toEqual(["app/*", "app/user.*"]);
    expect(patternsFor("api/v1/users")).toEqual(["api/*", "api/v1/*"]);
  });

  test("gives nothing for a name without a delimiter", () => {
    expect(patternsFor("plain")).toEqual([]);
  });
});

describe("isValidPattern", () => {
  test("takes names, and a star at the end after a delimiter", () => {
    for (const text of ["a", "app/user.created", "app/*", "app/user.*", "inngest/*", "x".repeat(255)]) {
      expect(isValidPattern(text), text).toBe(true);
    }
  });

  test("refuses a bare star, a star inside, a part of a word, two stars, and too much text", () => {
    for (const text of ["", "*", "/*", "a*", "app/us*", "app/*/x", "*/x", "app/**", "app/*.*", "x".repeat(256)]) {
      expect(isValidPattern(text), text).toBe(false);
    }
  });
});
