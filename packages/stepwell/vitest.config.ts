/** All tests of the package. No test may wait long; two workers, as on a small machine. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    retry: process.env["CI"] === undefined ? 0 : 1, // Each is named at the end: CONTRIBUTING.md.
    maxWorkers: 2,
  },
});
