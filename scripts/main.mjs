/**
 * The commands of a fresh clone: `quickstart`, `test`, `build`, `install`. Each installs what is missing first.
 *
 * This file and its neighbours run on the host's Node, which may be 20, before anything is installed: plain
 * JavaScript, no dependencies. Everything after the installation runs on the Node that the repository pins (node.mjs).
 */
import { build } from "./build.mjs";
import { complain, say } from "./child.mjs";
import { ensureInstalled } from "./install.mjs";
import { pinnedNode } from "./node.mjs";
import { quickstart } from "./quickstart.mjs";
import { runTests } from "./tests.mjs";

const COMMANDS = {
  build: async (node) => build(node),
  install: async () => 0,
  quickstart: async (node, args) => (await build(node)) || quickstart(node, args),
  test: async (node, args) => (await build(node)) || runTests(node, args),
};

async function main() {
  const [name = "", ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    complain(`unknown command "${name}"; use one of: ${Object.keys(COMMANDS).join(", ")}`);
    return 2;
  }
  const installed = await ensureInstalled("dependencies", ".");
  if (installed !== 0) return installed;
  const node = pinnedNode();
  if (node.problem !== undefined) {
    complain(node.problem);
    return 1;
  }
  say(`node ${node.version}`);
  return command(node, args);
}

process.exitCode = await main();
