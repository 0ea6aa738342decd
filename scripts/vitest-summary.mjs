/**
 * A vitest reporter for `npm test`: counts, time per file, and each skipped test with its reason, as JSON in the file
 * that STEPWELL_TEST_SUMMARY names. vitest's own JSON reporter leaves out why a test was skipped.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { ROOT } from "./child.mjs";

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: 0, skipped: [], files: [], problems: [] };
    for (const module of modules) {
      const path = relative(ROOT, module.moduleId);
      summary.files.push({ path, ms: Math.round(module.diagnostic().duration) });
      // A file that cannot be loaded holds no tests, and its failure must count.
      if (module.state() === "failed" && module.children.size === 0) summary.failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") summary.passed += 1;
        else if (result.state === "failed") summary.failed += 1;
        else summary.skipped.push({ name: `${path}: ${test.fullName}`, reason: result.note ?? "no reason given" });
      }
    }
    for (const error of unhandledErrors) summary.problems.push(`unhandled error: ${error.message}`);
    const file = process.env.STEPWELL_TEST_SUMMARY;
    if (file !== undefined) writeFileSync(file, JSON.stringify(summary));
  }
}
