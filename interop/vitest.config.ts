/** The tests of interoperation: real servers and real apps, one file at a time so that two cores suffice. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: process.env["CI"] === undefined ? 0 : 1, // Each is named at the end: CONTRIBUTING.md.
    maxWorkers: 1,
    maxConcurrency: 12,
    fileParallelism: false,
  },
});
