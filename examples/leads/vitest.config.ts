import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Limits, not waits: these tests start processes, on machines that may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: process.env["CI"] === undefined ? 0 : 1, // Each is named at the end: CONTRIBUTING.md.
    maxWorkers: 2,
  },
});
