import { scryptSync } from "node:crypto";
import { expect, test } from "vitest";
import { checkPassword, Passwords } from "./password.ts";

test("a password is known again, and no other is", async () => {
  const passwords = new Passwords();
  const stored = await passwords.hash("Grüße an Ada!");
  expect(stored).toMatch(/^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
  expect(await passwords.isRight("Grüße an Ada!".normalize("NFD"), stored)).toBe(true);
  expect(await passwords.isRight("grüße an Ada!", stored)).toBe(false);
});

test("the same password is stored differently each time", async () => {
  const passwords = new Passwords();
  expect(await passwords.hash("correct horse")).not.toBe(await passwords.hash("correct horse"));
});

test("hashes made with other parameters go on working", async () => {
  const hash = scryptSync("of old", Buffer.alloc(16), 32, { N: 16, r: 8, p: 1 }).toString("base64url");
  const stored = `scrypt$4$8$1$${"A".repeat(22)}$${hash}`;
  expect(await new Passwords().isRight("of old", stored)).toBe(true);
  expect(await new Passwords().isRight("of now", stored)).toBe(false);
});

test("where there is no user the work is done all the same, and is never right", async () => {
  const passwords = new Passwords();
  const startedAt = performance.now();
  expect(await passwords.isRight("A".repeat(43), null)).toBe(false);
  expect(performance.now() - startedAt).toBeGreaterThan(20);
});

test("few are checked at once, and who finds too many waiting is turned away", async () => {
  const passwords = new Passwords();
  const cheap = "scrypt$1$8$1$AAAAAAAAAAAAAAAAAAAAAA$QUFB";
  const answers = await Promise.allSettled(Array.from({ length: 30 }, () => passwords.isRight("a", cheap)));
  expect(answers.filter(({ status }) => status === "rejected")).toHaveLength(8);
  expect(await passwords.isRight("a", cheap)).toBe(false);
});

test("what is too short, too long or too simple is refused with the reason", () => {
  const reason = (password: string) => {
    try {
      checkPassword(password, "ada lovelace");
      return "fine";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(reason("short one")).toContain("fewer than 12");
  expect(reason("👩‍👩‍👧")).toContain("fewer than 12");
  expect(reason("x".repeat(257))).toContain("more than 256");
  expect(reason("abababababab")).toContain("repeats");
  expect(reason("Ada Lovelace")).toContain("is the name");
  expect(reason("correct horse")).toBe("fine");
});
