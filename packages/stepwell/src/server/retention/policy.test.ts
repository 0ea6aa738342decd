import { expect, test } from "vitest";
import { parseKeep, parseSize, policyRecord, readPolicy } from "./policy.ts";

test("times and sizes as people write them", () => {
  expect(["30d", "forever", "90m"].map(parseKeep)).toEqual([30 * 86_400_000, null, 5_400_000]);
  expect(["1s", "soon", "", "-1d"].map(parseKeep)).toEqual([undefined, undefined, undefined, undefined]);
  expect(["10GB", "512MiB", "1.5 g", "none"].map(parseSize)).toEqual([
    10 * 1024 ** 3,
    512 * 1024 ** 2,
    1.5 * 1024 ** 3,
    null,
  ]);
  expect(["1MB", "many", "", "-5GB", "9999999999999TB"].map(parseSize)).toEqual(Array(5).fill(undefined));
});

test("what was stored is read only when it is a policy", () => {
  expect(readPolicy('{"keepMs":5,"sizeBytesMax":null}')).toEqual({ keepMs: 5, sizeBytesMax: null });
  expect(["null", '{"keepMs":"x","sizeBytesMax":null}', '{"keepMs":5}'].map(readPolicy)).toEqual([null, null, null]);
  expect(policyRecord({ keepMs: 86_400_000, sizeBytesMax: 7 })).toEqual({ keep: "1d", max_bytes: 7 });
});
