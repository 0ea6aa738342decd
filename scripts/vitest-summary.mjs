/**
 * A vitest reporter for `npm test`: counts, time per file, the names of those that failed, and each skipped test with its
 * reason, as JSON in the file that STEPWELL_TEST_SUMMARY names. vitest's own JSON reporter leaves out why a test was skipped.
 *
 * A test that passed only when it was tried again (CI does, CONTRIBUTING.md) is named with what broke at first.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { ROOT } from "./child.mjs";

/** How vitest tells that the process of a test file is gone. */
const DEATH = /^(Worker exited unexpectedly.*?) while running test file (.+)$/;

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: [], retried: [], skipped: [], files: [], died: [], problems: [] };
    for (const error of unhandledErrors) {
      const death = DEATH.exec(error.cause?.message ?? "");
      if (death === null) summary.problems.push(`unhandled error: ${error.message}`);
      else summary.died.push({ file: death[2], reason: death[1] });
    }
    const died = new Set(summary.died.map(({ file }) => file));
    for (const module of modules) {
      if (died.has(module.moduleId)) continue; // What of it was told before it died says nothing of the file.
      const path = relative(ROOT, module.moduleId);
      summary.files.push({ path, ms: Math.round(module.diagnostic().duration) });
      // A file that cannot be loaded holds no tests, and its failure must count.
      if (module.state() === "failed" && module.children.size === 0) summary.failed.push(path);
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${path}: ${test.fullName}`;
        if (result.state === "passed") summary.passed += 1;
        else if (result.state === "failed") summary.failed.push(name);
        else summary.skipped.push({ name, reason: result.note ?? "no reason given" });
        if (test.diagnostic()?.flaky) {
          const [error] = result.errors ?? [];
          summary.retried.push({ name, reason: (error?.message ?? "no message").split("\n")[0] });
        }
      }
    }
    const file = process.env.STEPWELL_TEST_SUMMARY;
    if (file !== undefined) writeFileSync(file, JSON.stringify(summary));
  }
}
