import { expect, test } from "vitest";
import { hashedSigningKey } from "../../protocol/signature.ts";
import { bearerToken, signingKeyCheck } from "./signing-keys.ts";

const KEY = "signkey-prod-0123abcd";

test("a signing key is known plain and hashed, with and without prefix, current and fallback", () => {
  const isKey = signingKeyCheck([KEY, "signkey-prod-beef"]);
  const hashed = hashedSigningKey(KEY)!;
  const good = [KEY, "0123abcd", hashed, hashed.replace("signkey-prod-", ""), "signkey-prod-beef", "beef"];
  expect(good.filter((token) => !isKey(token))).toEqual([]);
  expect(["", "undefined", "0123ABCD", "signkey-prod-", `${KEY}0`].filter(isKey)).toEqual([]);
});

test("a key that is no hex has no hashed form and is known plain", () => {
  expect(signingKeyCheck(["not-hex-at-all"])("not-hex-at-all")).toBe(true);
});

test("without keys nothing is one", () => {
  expect(["", "undefined", "x"].filter(signingKeyCheck([]))).toEqual([]);
});

test("only a bearer header has a token", () => {
  expect(bearerToken(`bearer ${KEY} `)).toBe(KEY);
  for (const header of ["", "Bearer", "Bearer ", `Token ${KEY}`, KEY, "Bearer a b"])
    expect(bearerToken(header)).toBe("");
});
