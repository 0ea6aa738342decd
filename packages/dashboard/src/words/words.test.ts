import { describe, expect, test } from "vitest";
import { ranked } from "../shell/match-letters.ts";
import { curlText } from "./curl.ts";
import { onePiecePath } from "./deep-path.ts";
import { errorFacts } from "./error-text.ts";
import { piecesOf, previewText, readJson } from "./json-text.ts";
import { bytesText, countOf, countText, rateText, shareText } from "./number.ts";
import { isMatch, similarNames } from "./triggers.ts";

describe("numbers", () => {
  test("are short where they are large", () => {
    expect([0, 1_234, 12_345, 2_500_000].map(countText)).toEqual(["0", "1,234", "12.3K", "2.5M"]);
    expect([countOf(1, "run"), countOf(3, "run"), countOf(2, "job waits", "jobs wait")]).toEqual([
      "1 run",
      "3 runs",
      "2 jobs wait",
    ]);
  });

  test("as shares, rates and sizes", () => {
    expect([shareText(0, 0), shareText(1, 3), shareText(1, 30), shareText(1, 100_000)]).toEqual([
      "0 %",
      "33 %",
      "3.3 %",
      "< 0.1 %",
    ]);
    expect([rateText(11, 3_600_000), rateText(120_000, 60_000)]).toEqual(["0.2 / min", "2,000 / s"]);
    expect([0, 512, 1_536, 10 * 1024 ** 3].map(bytesText)).toEqual(["0 bytes", "512 bytes", "1.5 KB", "10 GB"]);
  });
});

describe("JSON", () => {
  test("in pieces is the same text again", () => {
    const text = JSON.stringify({ a: [1, -2.5e3, true, null], 'b"': 'x: "y"' }, null, 2);
    const pieces = piecesOf(text);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    expect(pieces.filter(({ kind }) => kind === "key").map((piece) => piece.text)).toEqual(['"a"', '"b\\""']);
  });

  test("that is none is a problem, not an exception", () => {
    expect(readJson("{")).toHaveProperty("problem");
    expect(readJson("[1]")).toEqual({ value: [1] });
    expect(previewText("x".repeat(500), 10)).toBe('"xxxxxxxxx…');
  });
});

test("an error is read with what caused it, however it was written down", () => {
  const cause = { name: "TypeError", message: "inner", cause: "a text" };
  expect(errorFacts({ name: "Error", message: "outer", stack: "at x", cause, status: 400 })).toMatchObject({
    name: "Error",
    message: "outer",
    stack: "at x",
    rest: { status: 400 },
    cause: { name: "TypeError", cause: { message: "a text" } },
  });
  expect(errorFacts(null)).toBeNull();
});

test("an error that contains itself ends somewhere", () => {
  const error: Record<string, unknown> = { message: "round" };
  error["cause"] = error;
  expect(JSON.stringify(errorFacts(error)).length).toBeLessThan(2_000);
});

test("a command line is safe for a shell", () => {
  expect(curlText("POST", "http://h/x", { text: "it's" })).toBe(
    `curl -X POST 'http://h/x' -H 'content-type: application/json' -d '{"text":"it'\\''s"}'`,
  );
});

test("names match by prefix, and a typo finds what was meant", () => {
  expect([isMatch("order/*", "order/placed"), isMatch("order/*", "orders/x"), isMatch("a", "a")]).toEqual([
    true,
    false,
    true,
  ]);
  const fn = { triggers: [{ event: "user/signed-up" }, { cron: "* * * * *" }] } as never;
  expect(similarNames([fn], "user/signedup")).toEqual(["user/signed-up"]);
});

test("letters find what begins with them first", () => {
  const found = ranked(["Nightly queue", "Queue", "Quiet user update"], (text) => text, "queu");
  expect(found.slice(0, 2)).toEqual(["Queue", "Nightly queue"]);
  expect(ranked(["a", "b"], (text) => text, "")).toEqual(["a", "b"]);
});

test("a name with slashes is made one piece of its address, and nothing else is touched", () => {
  expect(onePiecePath("/functions/leads-api/external-call")).toBe("/functions/leads-api%2Fexternal-call");
  expect(onePiecePath("/apps/a%20b/c/d")).toBe("/apps/a%20b%2Fc%2Fd");
  for (const path of ["/functions", "/functions/", "/functions/a", "/functions/a%2Fb", "/runs/a/b"]) {
    expect([path, onePiecePath(path)]).toEqual([path, null]);
  }
});
