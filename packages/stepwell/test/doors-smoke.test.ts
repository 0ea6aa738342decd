/**
 * The built doors on every Node they promise to run on. `npm test` builds first; the other Nodes come with the
 * dependencies of interop/ and are skipped where those are not installed.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, type TestContext, test } from "vitest";
import { readText } from "./tidy/sources.ts";

const PACKAGE = join(import.meta.dirname, "..");
const PROGRAM = join(import.meta.dirname, "doors-smoke", "program.mjs");
const COMMAND = join(PACKAGE, "dist", "cli", "main.js");

/** Doors that open the server need `node:sqlite`, so their Node is newer. */
const SERVER_DOORS = new Set(["stepwell/engine", "stepwell/server", "stepwell/testing"]);

const manifest = JSON.parse(readText("packages/stepwell/package.json")) as { exports: Record<string, unknown> };
const doors = Object.keys(manifest.exports)
  .filter((door) => door !== "./package.json")
  .map((door) => door.replace(/^\./, "stepwell"));
const sdkDoors = doors.filter((door) => !SERVER_DOORS.has(door));

const runFile = promisify(execFile);

/** The Node of a major version: the running one, or the one that interop/ installs. */
function nodeOf(major: number, context: TestContext): string {
  if (process.version.startsWith(`v${major}.`)) return process.execPath;
  const path = join(PACKAGE, "..", "..", "interop", "node_modules", `node${major}`, "bin", "node");
  context.skip(!existsSync(path), `Node ${major} is not installed; \`npm ci --prefix interop\` brings it on Linux x64`);
  return path;
}

async function smoke(major: number, names: readonly string[], context: TestContext): Promise<void> {
  context.skip(!existsSync(join(PACKAGE, "dist", "index.js")), "stepwell is not built; run `npm run build`");
  const node = nodeOf(major, context);
  const { stdout, stderr } = await runFile(node, [PROGRAM, ...names], { cwd: PACKAGE });
  const reply = { status: 206, ops: [expect.objectContaining({ op: "StepRun", data: 42 })] };
  expect(JSON.parse(stdout)).toMatchObject({ doors: names, web: reply, http: reply });
  // Node 22 warns that its SQLite is experimental; nothing else may be said.
  expect(stderr.replace(/^.*ExperimentalWarning: SQLite.*\n.*\n/m, "")).toBe("");
}

test("the SDK doors run on Node 20", (context) => smoke(20, sdkDoors, context));
test("every door runs on Node 22", (context) => smoke(22, doors, context));
test("every door runs on Node 24", (context) => smoke(24, doors, context));
test("every door runs on Node 26", (context) => smoke(26, doors, context));

test("the command refuses Node 20 with one line that says the fix", async (context) => {
  context.skip(!existsSync(COMMAND), "stepwell is not built; run `npm run build`");
  const failure: unknown = await runFile(nodeOf(20, context), [COMMAND, "dev"]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 1, stdout: "" });
  const { stderr } = failure as { stderr: string };
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).toContain("stepwell needs Node 22.18 or newer");
});
