import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createIdSource, encodeUlid, eventIdFromSeed, isUlid, PARTITIONS_MAX, partitionOf, ulidTime } from "./ids.ts";

const counter = () => {
  let value = 0;
  return () => (value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0);
};

describe("ids of a source", () => {
  test("are ULIDs that carry their instant and their partition", () => {
    const id = createIdSource(counter()).next(1_700_000_000_123, 777);
    expect(isUlid(id)).toBe(true);
    expect(ulidTime(id)).toBe(1_700_000_000_123);
    expect(partitionOf(id)).toBe(777);
  });

  test("strictly increase within a partition, also when the clock stands still or steps back", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 200 }), (instants) => {
        const source = createIdSource(counter());
        const ids = instants.map((instant) => source.next(1_700_000_000_000 + instant, 3));
        for (let index = 1; index < ids.length; index++) expect(ids[index]! > ids[index - 1]!).toBe(true);
      }),
    );
  });

  test("stay in order when the random part runs over", () => {
    const source = createIdSource(() => 0xffff_ffff);
    const first = source.next(1, 0);
    const second = source.next(1, 0);
    expect(second > first).toBe(true);
    expect(isUlid(second)).toBe(true);
  });

  test("are the same for the same seed and instants", () => {
    const make = () => {
      const source = createIdSource(counter());
      return [1, 1, 2].map((instant) => source.next(instant));
    };
    expect(make()).toEqual(make());
  });

  test("carry every partition", () => {
    const source = createIdSource(counter());
    for (let partition = 0; partition < PARTITIONS_MAX; partition++)
      expect(partitionOf(source.next(1, partition))).toBe(partition);
  });
});

describe("event ids from a seed", () => {
  const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 0xff, 0xff, 0xff, 0xfe]);
  const seed = `1700000000000,${Buffer.from(bytes).toString("base64")}`;

  test("are the time of the seed and its bytes, with the position added to the last four", () => {
    const expected = Uint8Array.from([1, 2, 3, 4, 5, 6, 0xff, 0xff, 0xff, 0xff]);
    expect(eventIdFromSeed(seed, 0)).toBe(encodeUlid(1_700_000_000_000, expected));
  });

  test("wrap around instead of carrying on", () => {
    const wrapped = Uint8Array.from([1, 2, 3, 4, 5, 6, 0, 0, 0, 0]);
    expect(eventIdFromSeed(seed, 1)).toBe(encodeUlid(1_700_000_000_000, wrapped));
  });

  test("differ by position and repeat by seed", () => {
    const ids = [0, 1, 2, 3].map((index) => eventIdFromSeed(seed, index));
    expect(new Set(ids).size).toBe(4);
    expect([0, 1, 2, 3].map((index) => eventIdFromSeed(seed, index))).toEqual(ids);
  });

  test("are null for anything that is no seed", () => {
    for (const text of [
      "",
      "1700000000000",
      ",AAAA",
      "x,AQIDBAUG/////g==",
      "1700000000000,AQID",
      `${"9".repeat(16)},AQIDBAUG/////g==`,
    ]) {
      expect(eventIdFromSeed(text, 0)).toBeNull();
    }
  });

  test("never throw, and are ULIDs when they are not null", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, index) => {
        const id = eventIdFromSeed(text, index);
        expect(id === null || isUlid(id)).toBe(true);
      }),
    );
  });
});

test("a ULID is 26 characters of Crockford base 32 within 48 bits of time", () => {
  expect(isUlid("01ARZ3NDEKTSV4RRFFQ69G5FAV")).toBe(true);
  expect(isUlid("81ARZ3NDEKTSV4RRFFQ69G5FAV")).toBe(false);
  expect(isUlid("01ARZ3NDEKTSV4RRFFQ69G5FAI")).toBe(false);
  expect(isUlid("01arz3ndektsv4rrffq69g5fav")).toBe(false);
});
