/** The tests of interoperation: real servers and real apps, mostly they wait for each other, so two files beside each other do. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["lib/prepare-once.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: process.env["CI"] === undefined ? 0 : 1, // Each is named at the end: CONTRIBUTING.md.
    maxWorkers: 2,
    maxConcurrency: 8,
  },
});
