/**
 * `npm test`: every suite of the repository, one after the other, and one line of sums at the end.
 *
 * A suite that cannot run here is skipped by name with the reason, like a test; a suite that ran no test has failed.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { complain, ROOT, run, say, wasInterrupted } from "./child.mjs";
import { ensureInstalled, missingFrom } from "./install.mjs";

const SUITES = [
  { name: "stepwell", folder: "packages/stepwell" },
  { name: "dashboard", folder: "packages/dashboard" },
  { name: "leads", folder: "examples/leads" },
  { name: "interop", folder: "interop", ownDependencies: "the official SDKs and other Node versions" },
];

const ARTIFACTS = join(ROOT, "test-artifacts");
const SLOWEST_FILES = 10;

/** Runs all suites, or those named in `args`; answers 0 when every test that ran has passed and some did. */
export async function runTests(node, args) {
  const startedAt = Date.now();
  const named = args.filter((argument) => argument !== "--");
  const unknown = named.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    complain(`unknown suite "${unknown}"; use some of: ${SUITES.map((suite) => suite.name).join(", ")}`);
    return 2;
  }
  const wanted = SUITES.filter((suite) => named.length === 0 || named.includes(suite.name));
  // First of all: the doors' smoke test uses what the interop suite brings.
  for (const { ownDependencies, folder } of wanted) {
    if (ownDependencies === undefined) continue;
    const code = await ensureInstalled(ownDependencies, folder);
    if (wasInterrupted(code)) return code;
  }
  const results = [];
  for (const suite of wanted) {
    const result = await runSuite(node, suite);
    results.push(result);
    if (result.interrupted) return 130;
  }
  return report(results, Math.round((Date.now() - startedAt) / 1000));
}

async function runSuite(node, suite) {
  if (suite.ownDependencies !== undefined && missingFrom(suite.folder) !== undefined) {
    const reason = "its dependencies could not be installed; the npm registry is unreachable or refused";
    return { ...empty(), skipped: [{ name: `${suite.folder}: the whole suite`, reason }] };
  }
  say(`testing ${suite.folder} …`);
  mkdirSync(ARTIFACTS, { recursive: true });
  const result = await runFiles(node, suite, []);
  if (result.interrupted || result.died.length === 0) return result;
  if (process.env.CI === undefined) return { ...result, problems: [...result.problems, ...result.died.map(deathOf)] };
  return merged(result, await runFiles(node, suite, [...new Set(result.died.map(({ file }) => file))]));
}

const deathOf = ({ file, reason }) => `${relative(ROOT, file)}: ${reason}`;

/** With what the files did at the second try whose process had died at the first (CONTRIBUTING.md). */
function merged(first, second) {
  return {
    interrupted: second.interrupted,
    passed: first.passed + second.passed,
    failed: [...first.failed, ...second.failed],
    retried: [
      ...first.retried,
      ...second.retried,
      ...first.died.map(({ file, reason }) => ({ name: relative(ROOT, file), reason })),
    ],
    skipped: [...first.skipped, ...second.skipped],
    files: [...first.files, ...second.files],
    problems: [...first.problems, ...second.problems, ...second.died.map(deathOf)],
  };
}

/** Runs the files, or all when none is named. */
async function runFiles(node, suite, files) {
  const summary = join(ARTIFACTS, `${suite.name}.json`);
  rmSync(summary, { force: true });
  const code = await run(
    node.path,
    [
      join(ROOT, "node_modules", "vitest", "vitest.mjs"),
      "run",
      ...files,
      "--reporter=default",
      `--reporter=${join(ROOT, "scripts", "vitest-summary.mjs")}`,
    ],
    { cwd: join(ROOT, suite.folder), env: { ...node.env, STEPWELL_TEST_SUMMARY: summary } },
  );
  if (wasInterrupted(code)) return { ...empty(), interrupted: true };
  const result = existsSync(summary) ? JSON.parse(readFileSync(summary, "utf8")) : empty();
  const { passed, failed, skipped, died, problems } = result;
  if (passed + failed.length + skipped.length + died.length === 0) problems.push(`${suite.folder}: no test ran`);
  else if (code !== 0 && failed.length + died.length + problems.length === 0) {
    problems.push(`${suite.folder}: vitest ended with exit code ${code}`);
  }
  return result;
}

const empty = () => ({ passed: 0, failed: [], retried: [], skipped: [], files: [], died: [], problems: [] });

/** Prints the slowest files, what was skipped and why, what failed, and last of all the sums. */
function report(results, seconds) {
  const all = (pick) => results.flatMap(pick);
  const slowest = all((result) => result.files)
    .sort((left, right) => right.ms - left.ms)
    .slice(0, SLOWEST_FILES);
  process.stdout.write(`\nSlowest files (of ${seconds} s in all):\n`);
  for (const file of slowest) process.stdout.write(`  ${(file.ms / 1000).toFixed(1).padStart(6)} s  ${file.path}\n`);

  const skipped = all((result) => result.skipped);
  const failed = all((result) => result.failed);
  // A suite that broke without a failed test (an error outside of any, a worker that died) counts as one failure.
  const problems = all((result) => result.problems);
  list("Skipped", skipped.map(nameAndReason));
  list("Passed only when tried again", all((result) => result.retried).map(nameAndReason));
  list("Failed", failed);
  list("Problems", problems);

  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const broken = failed.length + problems.length;
  process.stdout.write(`\n${passed} passed, ${broken} failed, ${skipped.length} skipped\n`);
  return broken > 0 || passed === 0 ? 1 : 0;
}

const nameAndReason = ({ name, reason }) => `${name}: ${reason}`;

function list(title, lines) {
  if (lines.length > 0) process.stdout.write(`\n${title}:\n${lines.map((line) => `  ${line}\n`).join("")}`);
}
