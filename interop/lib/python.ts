/** Python with the packages of the app, in a virtual environment of its own; or the reason why there is none. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VENV = join(ROOT, ".venv");
const INSTALL_MS_MAX = 180_000;

export const PYTHON_APP = join(ROOT, "apps/python");
const REQUIREMENTS = join(PYTHON_APP, "requirements.txt");

export interface Python {
  readonly path: string;
  /** Null when all is there. */
  readonly missing: string | null;
}

export async function preparePython(): Promise<Python> {
  const path = join(VENV, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const done = join(VENV, "installed.txt");
  const wanted = readFileSync(REQUIREMENTS, "utf8");
  if (existsSync(path) && existsSync(done) && readFileSync(done, "utf8") === wanted) return { path, missing: null };
  const tried = (missing: string) => ({ path, missing });
  try {
    await run("python3", ["-c", "import sys; assert sys.version_info >= (3, 10)"]);
  } catch {
    return tried("there is no python3 of version 3.10 or later");
  }
  try {
    await run("python3", ["-m", "venv", VENV], { timeout: INSTALL_MS_MAX });
  } catch {
    return tried("python3 has no venv with pip");
  }
  try {
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
    await run(path, install, { timeout: INSTALL_MS_MAX });
  } catch {
    return tried("pip could not install the packages: is their index reachable?");
  }
  writeFileSync(done, wanted);
  return { path, missing: null };
}
