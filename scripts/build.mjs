/**
 * Builds `packages/stepwell/dist`: compiles, drops what has no source any more, copies what is no TypeScript, and bundles
 * the dashboard. Compiling is incremental and the dashboard is bundled when it changed, so a build that is up to date
 * takes about a second.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { complain, ROOT, run, say, wasInterrupted } from "./child.mjs";

const SOURCE = join(ROOT, "packages", "stepwell", "src");
const OUTPUT = join(ROOT, "packages", "stepwell", "dist");
const BASE_SETTINGS = join(SOURCE, "..", "tsconfig.base.json");
const DASHBOARD = join(ROOT, "packages", "dashboard");
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
  copyDocuments();
  if (existsSync(BIN)) chmodSync(BIN, 0o755);
  return buildDashboard(node);
}

/** What the package's page and the command's messages point to is in the package. */
function copyDocuments() {
  const docs = filesBelow(join(ROOT, "docs"));
  const gone = filesBelow(join(OUTPUT, "docs")).filter((file) => !docs.includes(file));
  for (const file of gone) rmSync(join(OUTPUT, "docs", file));
  for (const file of docs) copyIfChanged(join(ROOT, "docs", file), join(OUTPUT, "docs", file));
  for (const file of ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"]) {
    copyIfChanged(join(ROOT, file), join(OUTPUT, file));
  }
  // npm packs these two only from the package's own folder.
  copyIfChanged(join(ROOT, "LICENSE"), join(OUTPUT, "..", "LICENSE"));
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  writeFileSync(join(OUTPUT, "..", "README.md"), readme.replace(/\]\((?![a-z]+:|#)/g, "](dist/"));
}

/** Into a folder beside, then in place at once: a server that runs, or a build that is killed, never sees half of it. */
async function buildDashboard(node) {
  const output = join(OUTPUT, "dashboard");
  if (isDashboardCurrent(join(output, "index.html"))) return 0;
  say("building the dashboard …");
  const fresh = `${output}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const vite = join(ROOT, "node_modules", "vite", "bin", "vite.js");
  const args = [vite, "build", "--logLevel", "warn", "--outDir", fresh, "--emptyOutDir"];
  const code = await run(node.path, args, { cwd: DASHBOARD, env: node.env });
  if (code !== 0) {
    if (!wasInterrupted(code)) complain("the dashboard could not be built; the lines above say where");
    return code;
  }
  rmSync(output, { recursive: true, force: true });
  renameSync(fresh, output);
  return 0;
}

/** Folders count as well: a file that was removed changes only its folder. */
function isDashboardCurrent(page) {
  if (!existsSync(page)) return false;
  const builtAt = statSync(page).mtimeMs;
  const source = join(DASHBOARD, "src");
  const inputs = readdirSync(source, { recursive: true }).map((name) => join(source, name));
  for (const name of ["index.html", "vite.config.ts", "package.json"]) inputs.push(join(DASHBOARD, name));
  inputs.push(source, join(ROOT, "node_modules", ".package-lock.json"));
  return inputs.every((path) => statSync(path).mtimeMs < builtAt);
}

/** A module whose source was removed must not stay importable. Its project's build record would hide it from tsc. */
function dropOrphans() {
  if (!existsSync(OUTPUT)) return;
  for (const file of filesBelow(OUTPUT)) {
    if (file.startsWith("dashboard") || file.startsWith("docs")) continue; // Not compiled.
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
  if (!existsSync(folder)) return [];
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
