import { expect, test } from "vitest";
import { Attempts } from "./attempts.ts";

const MINUTE = 60_000;

function failuresUntilRefused(attempt: (number: number) => void): number {
  for (let number = 0; number < 500; number++) {
    try {
      attempt(number);
    } catch (error) {
      expect(error).toMatchObject({ code: "too_many_attempts" });
      return number;
    }
  }
  return 500;
}

test("an address has ten attempts in a quarter of an hour, and then has to wait for the rest of it", () => {
  const attempts = new Attempts();
  expect(failuresUntilRefused(() => void attempts.begin("1.2.3.4", "ada", 0))).toBe(10);
  expect(() => attempts.begin("1.2.3.4", "grace", 14 * MINUTE)).toThrow(
    expect.objectContaining({ details: { seconds: 60 } }) as Error,
  );
  expect(() => attempts.begin("1.2.3.5", "grace", 14 * MINUTE)).not.toThrow();
  expect(() => attempts.begin("1.2.3.4", "ada", 15 * MINUTE)).not.toThrow();
});

test("a name has more of them, from wherever they come", () => {
  const attempts = new Attempts();
  expect(failuresUntilRefused((number) => void attempts.begin(`10.0.${number}.1`, "ada", 0))).toBe(100);
  expect(() => attempts.begin("10.1.0.1", "grace", 0)).not.toThrow();
});

test("whoever has one IPv6 address has its whole network", () => {
  const attempts = new Attempts();
  const address = (number: number) => (number % 2 === 0 ? `2001:db8:1:2::${number}` : `2001:db8:1:2:0:0:0:${number}`);
  expect(failuresUntilRefused((number) => void attempts.begin(address(number), null, 0))).toBe(10);
  expect(() => attempts.begin("2001:db8:1:3::1", null, 0)).not.toThrow();
});

test("what succeeded counts for nothing, and wins nothing back", () => {
  const attempts = new Attempts();
  expect(failuresUntilRefused(() => attempts.begin("1.2.3.4", "own", 0)())).toBe(500);
  const others = failuresUntilRefused((number) => {
    const giveBack = attempts.begin("1.2.3.4", number % 2 === 0 ? "own" : "ada", 0);
    if (number % 2 === 0) giveBack();
  });
  expect(others).toBe(20);
});
