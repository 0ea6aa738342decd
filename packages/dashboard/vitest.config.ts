/** Tests of the pure parts, and of the whole in a real browser. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // Limits, not waits: a browser starts, on machines that may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: process.env["CI"] === undefined ? 0 : 1, // Each is named at the end: CONTRIBUTING.md.
    maxWorkers: 2,
  },
});
