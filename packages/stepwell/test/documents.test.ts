/**
 * The programs in README.md and docs/ compile as a user would compile them. A block that begins with a comment naming a
 * file is that file; the blocks of one page see each other.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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

test("every program in a document compiles against the published types", async (context) => {
  context.skip(!existsSync(join(PACKAGE, "dist", "index.d.ts")), "stepwell is not built; run `npm run build`");
  const pages = repositoryFiles().filter((path) => path === "README.md" || /^docs\/[^/]+\.md$/.test(path));
  let count = 0;
  for (const page of pages) {
    const place = join(folder, page.replaceAll("/", "-"));
    mkdirSync(place);
    for (const [name, code] of programsOf(page)) {
      writeFileSync(join(place, name), code);
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(4);
  const config = {
    extends: "../../tsconfig.test.json",
    compilerOptions: { incremental: false, tsBuildInfoFile: null },
    references: [],
    include: ["**/*.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const output = await promisify(execFile)(process.execPath, [compiler, "-p", folder]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
  expect(output).toBe("");
}, 60_000);
