/**
 * Builds `packages/stepwell/dist`: compiles, drops what has no source any more, copies what is no TypeScript.
 * Compiling is incremental, so a build that is up to date takes about a second.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { complain, ROOT, run, say, wasInterrupted } from "./child.mjs";

const SOURCE = join(ROOT, "packages", "stepwell", "src");
const OUTPUT = join(ROOT, "packages", "stepwell", "dist");
const BASE_SETTINGS = join(SOURCE, "..", "tsconfig.base.json");
const DASHBOARD = join(ROOT, "packages", "dashboard", "index.html");
const BIN = join(OUTPUT, "cli", "main.js");

/** Answers 0, or the compiler's exit code. */
export async function build(node) {
  say("building …");
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  dropOrphans();
  dropStaleRecords();
  const code = await run(node.path, [tsc, "-b", "packages/stepwell/src"], { env: node.env });
  if (code !== 0) {
    if (!wasInterrupted(code)) complain("the build failed; the lines above say where");
    return code;
  }
  for (const file of filesBelow(SOURCE).filter((name) => name.endsWith(".sql"))) {
    copyIfChanged(join(SOURCE, file), join(OUTPUT, file));
  }
  if (existsSync(DASHBOARD)) copyIfChanged(DASHBOARD, join(OUTPUT, "dashboard", "index.html"));
  // npm packs these two only from the package's own folder.
  for (const file of ["LICENSE", "README.md"]) copyIfChanged(join(ROOT, file), join(OUTPUT, "..", file));
  if (existsSync(BIN)) chmodSync(BIN, 0o755);
  return 0;
}

/** A module whose source was removed must not stay importable. Its project's build record would hide it from tsc. */
function dropOrphans() {
  if (!existsSync(OUTPUT)) return;
  for (const file of filesBelow(OUTPUT)) {
    if (file.startsWith("dashboard")) continue; // Copied, not compiled.
    const match = /^(.*)\.(?:js|d\.ts)$/.exec(file);
    if (match !== null && !existsSync(join(SOURCE, `${match[1]}.ts`))) rmSync(join(OUTPUT, file));
  }
}

/** The compiler repeats recorded errors even when a changed setting has made them untrue; so settings drop the records. */
function dropStaleRecords() {
  if (!existsSync(OUTPUT)) return;
  const changedAt = (path) => statSync(path).mtimeMs;
  const settings = filesBelow(SOURCE).filter((file) => file.endsWith("tsconfig.json"));
  const newest = Math.max(changedAt(BASE_SETTINGS), ...settings.map((file) => changedAt(join(SOURCE, file))));
  for (const file of filesBelow(OUTPUT)) {
    if (file.endsWith(".tsbuildinfo") && changedAt(join(OUTPUT, file)) < newest) rmSync(join(OUTPUT, file));
  }
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
}

function copyIfChanged(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}
