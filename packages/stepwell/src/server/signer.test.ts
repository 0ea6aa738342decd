import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { sign } from "../protocol/signature.ts";
import { signerWith } from "./signer.ts";

const plain = (key: string, body: Buffer | string): string =>
  `t=5&s=${createHmac("sha256", key).update(body).update("5").digest("hex")}`;

test("a signature is the protocol's own, whatever the key, and however long the body", () => {
  expect(signerWith("0123abcd")("{}", 5_999)).toBe(sign("{}", "signkey-test-0123abcd", 5_999));
  for (const key of ["k", "5eed".repeat(16), "5eed".repeat(17), "schl\u00fcssel", "a\u0000b", ""]) {
    for (const body of ["", "{}", '{"\u00e9":"\u{1f600}\ud800"}', "x".repeat(70_000)]) {
      expect(signerWith(key)(body, 5_000)).toBe(plain(key, body));
      expect(signerWith(key)(Buffer.from(body), 5_000)).toBe(plain(key, Buffer.from(body)));
    }
  }
});

test("signatures of one signer do not mix", () => {
  const signer = signerWith("5eed");
  expect([signer("a", 5_000), signer("b", 5_000), signer("a", 5_000)]).toEqual(
    ["a", "b", "a"].map((body) => plain("5eed", body)),
  );
});
