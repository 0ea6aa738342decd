import { expect, test } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import { RunTokens } from "./run-token.ts";

const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZZ";
const NOW = 1_700_000_000_000;

test("a token opens its run, for its use, for its time", () => {
  const tokens = new RunTokens(["signkey-prod-abcd"]);
  const token = tokens.issue("output", RUN, NOW);
  expect(tokens.check("output", token, NOW)).toBe(RUN);
  expect(() => tokens.check("stream", token, NOW)).toThrow("not valid");
  expect(() => tokens.check("output", token, NOW + LIMITS.endpointTokenMs)).toThrow("not valid");
});

test("tokens of the fallback key hold while keys are rotated, those of strangers never", () => {
  const token = new RunTokens(["old"]).issue("output", RUN, NOW);
  expect(new RunTokens(["new", "old"]).check("output", token, NOW)).toBe(RUN);
  expect(() => new RunTokens(["new"]).check("output", token, NOW)).toThrow("not valid");
});

test("without a signing key, each process has tokens of its own", () => {
  const token = new RunTokens([]).issue("output", RUN, NOW);
  expect(() => new RunTokens([]).check("output", token, NOW)).toThrow("not valid");
});

test("a token that was changed is none", () => {
  const tokens = new RunTokens(["key"]);
  const [header, claims, signature] = tokens.issue("output", RUN, NOW).split(".");
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const others = [
    "",
    "a.b.c",
    `${header}.${claims}.`,
    `${header}.${claims}.${signature}.${signature}`,
    `${encode({ alg: "none", typ: "JWT" })}.${claims}.${signature}`,
    `${header}.${encode({ sub: "run-output", run: RUN, exp: 9e9 })}.${signature}`,
  ];
  for (const other of others) expect(() => tokens.check("output", other, NOW)).toThrow("not valid");
});
