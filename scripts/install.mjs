/**
 * Installs the locked dependencies of a folder when they are missing, out of date or half there.
 *
 * There is no stamp to go stale: npm writes `node_modules/.package-lock.json` as its last act, so a broken installation
 * has none, and a finished one must hold every locked package in the locked version.
 */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { complain, ROOT, run, say, wasInterrupted } from "./child.mjs";

/** Why the folder has to be installed, or undefined when it is complete. */
export function missingFrom(folder) {
  const base = join(ROOT, folder);
  const marker = join(base, "node_modules", ".package-lock.json");
  if (!existsSync(join(base, "node_modules"))) return "nothing is installed yet";
  if (!existsSync(marker)) return "an earlier installation did not finish";
  const locked = readPackages(join(base, "package-lock.json"));
  const installed = readPackages(marker);
  for (const [path, entry] of Object.entries(locked)) {
    if (!path.includes("node_modules/")) continue;
    const found = installed[path];
    if (found === undefined && entry.optional) continue; // Another platform's binary.
    if (found === undefined || found.version !== entry.version) return `${path} is not the locked version`;
    if (!existsSync(join(base, path, "package.json"))) return `${path} is gone`;
  }
  return undefined;
}

const readPackages = (path) => JSON.parse(readFileSync(path, "utf8")).packages ?? {};

/** Runs `npm ci` in the folder if needed, and answers the exit code. */
export async function ensureInstalled(what, folder) {
  const reason = missingFrom(folder);
  if (reason === undefined) return 0;
  say(`installing ${what} (${reason}) …`);
  const startedAt = Date.now();
  const npm = npmCommand();
  const args = [...npm.args, "ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = await run(npm.program, args, { cwd: join(ROOT, folder), env: npm.env, shell: npm.shell });
  if (code === 0) say(`installed ${what} in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  else if (!wasInterrupted(code)) complain(`npm ci failed in ${folder} (exit ${code}); is the npm registry reachable?`);
  return code;
}

/** npm on the host's own Node: `npm ci` deletes node_modules, and with it the Node pinned there. */
function npmCommand() {
  const pinned = join(ROOT, "node_modules");
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const path = (process.env[key] ?? "").split(delimiter).filter((entry) => !entry.startsWith(pinned));
  const windows = process.platform === "win32";
  return {
    program: windows ? "npm.cmd" : "npm",
    args: [],
    shell: windows,
    env: { ...process.env, [key]: path.join(delimiter) },
  };
}
