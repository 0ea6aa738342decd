/**
 * The programs in README.md and docs/ compile as a user would compile them, and the tests among them pass. A block that
 * begins with a comment naming a file is that file; the blocks of one page see each other.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { ROOT, readText, repositoryFiles } from "./tidy/sources.ts";

const PACKAGE = join(import.meta.dirname, "..");
mkdirSync(join(PACKAGE, "dist"), { recursive: true });
const folder = mkdtempSync(join(PACKAGE, "dist", ".documents-")); // Inside, so that node_modules is found.
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function programsOf(page: string): [name: string, code: string][] {
  const blocks = [...readText(page).matchAll(/^```ts\n(\/\/ ([\w.-]+\.ts)\n[\s\S]*?)^```/gm)];
  return blocks.map(([, code = "", name = ""]) => [name, code]);
}

const pages = repositoryFiles().filter((path) => path === "README.md" || /^docs\/[^/]+\.md$/.test(path));
const programs = pages.flatMap((page) =>
  programsOf(page).map(([name, code]) => ({ path: join(folder, page.replaceAll("/", "-"), name), code })),
);
for (const { path, code } of programs) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}
const NOT_BUILT = "stepwell is not built; run `npm run build`";
const isBuilt = existsSync(join(PACKAGE, "dist", "index.d.ts"));

test("every program in a document compiles against the published types", async (context) => {
  context.skip(!isBuilt, NOT_BUILT);
  expect(programs.length).toBeGreaterThan(4);
  const config = {
    extends: "../../tsconfig.test.json",
    compilerOptions: { incremental: false, tsBuildInfoFile: null },
    references: [],
    include: ["**/*.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  expect(await outputOf([compiler, "-p", folder])).toBe("");
}, 60_000);

test("every test in a document passes", async (context) => {
  context.skip(!isBuilt, NOT_BUILT);
  const tests = programs.map(({ path }) => path).filter((path) => path.endsWith(".test.ts"));
  expect(tests.length).toBeGreaterThan(4);
  expect(await outputOf(["--test", "--test-reporter=spec", ...tests])).toContain("ℹ fail 0\n");
}, 60_000);

/** What Node prints, however it ends. */
function outputOf(args: readonly string[]): Promise<string> {
  return promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}
