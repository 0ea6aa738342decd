/** `npm run quickstart`: the server and the example application, from an event to a finished run, in one terminal. */
import { join } from "node:path";
import { ROOT, run } from "./child.mjs";

export function quickstart(node, args) {
  const program = join(ROOT, "examples", "leads", "src", "quickstart.ts");
  return run(node.path, [program, ...args.filter((argument) => argument !== "--")], { env: node.env });
}
