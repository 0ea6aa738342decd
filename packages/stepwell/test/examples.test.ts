/** The examples in the comments of the public doors compile, as a user's project would compile them. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const PACKAGE = fileURLToPath(new URL("../", import.meta.url));
const SOURCES = join(PACKAGE, "src");
const DOORS = ["index", "web", "node", "express", "fastify", "hono", "koa", "next", "lambda"];
const SDK_FILES = readdirSync(join(SOURCES, "sdk")).filter((name) => name.endsWith(".ts") && !name.includes(".test."));
const files = [
  ...DOORS.map((door) => join(SOURCES, `${door}.ts`)),
  ...SDK_FILES.map((name) => join(SOURCES, "sdk", name)),
];

// Inside the package, so that the hosts' packages are found.
mkdirSync(join(PACKAGE, "dist"), { recursive: true });
const folder = mkdtempSync(join(PACKAGE, "dist", ".examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function examplesIn(file: string): string[] {
  const comments = readFileSync(file, "utf8").match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments
    .flatMap((comment) => [...comment.matchAll(/```ts\n([\s\S]*?)```/g)])
    .map((match) => match[1]!.replace(/^[ \t]*\* ?/gm, ""));
}

test("every example compiles", () => {
  const examples = files.flatMap((file) =>
    examplesIn(file).map((code, index) => ({ name: `${basename(file, ".ts")}-${index}`, code })),
  );
  expect(examples.length).toBeGreaterThan(10);
  for (const { name, code } of examples) writeFileSync(join(folder, `${name}.ts`), `${code}\nexport {};\n`);
  const paths = Object.fromEntries(
    DOORS.map((door) => [door === "index" ? "stepwell" : `stepwell/${door}`, [`../../src/${door}.ts`]]),
  );
  const config = {
    extends: "../../tsconfig.test.json",
    compilerOptions: { paths, incremental: false, tsBuildInfoFile: null, noUnusedLocals: false },
    references: [],
    include: ["*.ts", "../../test/conformance/hosts.d.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = fileURLToPath(import.meta.resolve("typescript/package.json")).replace(/package\.json$/, "bin/tsc");
  expect(compile(tsc)).toBe("");
}, 60_000);

function compile(tsc: string): string {
  try {
    return execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test("every public function and class has an example", () => {
  const missing = files.flatMap((file) =>
    DOORS.includes(basename(file, ".ts")) && !file.includes("/sdk/")
      ? [...readFileSync(file, "utf8").matchAll(/(\/\*\*[\s\S]*?\*\/\s*)?export (?:function|class) (\w+)/g)]
          .filter((match) => !(match[1] ?? "").includes("@example"))
          .map((match) => `${basename(file)}: ${match[2]}`)
      : [],
  );
  expect(missing).toEqual([]);
});
