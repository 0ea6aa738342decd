/**
 * Who may import whom (ARCHITECTURE.md has the same table). Imports point down only; the wing a user runs and the wing a
 * user imports meet only in `protocol/`.
 */
import type { Import, Source } from "./sources.ts";

const SRC = "packages/stepwell/src/";

interface Layer {
  /** Folders it may import besides itself; a path with a file name allows that file alone. */
  readonly layers: readonly string[];
  /** Packages it may import; `node:` allows Node itself. */
  readonly packages: readonly string[];
}

const LAYERS: Readonly<Record<string, Layer>> = {
  protocol: { layers: [], packages: ["@noble/hashes", "canonicalize"] },
  core: { layers: ["protocol"], packages: ["@marcbachmann/cel-js", "croner", "lru-cache", "re2js"] },
  sdk: { layers: ["protocol"], packages: ["@standard-schema/spec"] },
  store: { layers: ["core", "protocol"], packages: ["node:"] },
  engine: { layers: ["core", "store/store.ts", "protocol"], packages: [] },
  server: {
    layers: ["engine", "store", "core", "protocol"],
    packages: ["node:", "@hono/node-server", "hono", "lru-cache", "pino", "prom-client", "undici", "ws", "zod"],
  },
  // Where the two wings meet: functions of the application, called by an engine in the same process.
  embed: { layers: ["server", "engine", "store", "core", "sdk", "protocol"], packages: ["node:"] },
  // The top floor puts the house together: it chooses the store and hands it to the engine.
  cli: {
    layers: ["server", "engine", "store", "core", "protocol"],
    packages: ["node:", "@clack/prompts", "commander", "picocolors"],
  },
};

/** Doors that stand on more than one folder, and why. All others stand on `sdk/` (and `protocol/`, as everything does). */
const WIDE_DOORS: Readonly<Record<string, readonly string[]>> = {
  "engine.ts": ["embed", "engine", "core"], // The whole engine inside an application, with the types of what it takes.
  "server.ts": ["server", "store"], // For people who embed the server; they choose the store.
  "testing.ts": ["embed"], // A function in memory, with a clock in the test's hand.
};

/** Doors that only run on Node may load what Node brings. */
const NODE_DOORS = new Set(["engine.ts", "node.ts", "server.ts", "testing.ts"]);

/** Every import of the file that points where it must not, as sentences. */
export function layerProblems(source: Source): string[] {
  if (!source.path.startsWith(SRC) || source.isTest) return [];
  const inside = source.path.slice(SRC.length);
  const folder = inside.includes("/") ? (inside.split("/")[0] ?? "") : undefined;
  const problems: string[] = [];
  for (const item of source.imports) {
    const problem = folder === undefined ? doorProblem(inside, item) : folderProblem(folder, item);
    if (problem !== undefined) problems.push(`${source.path}:${item.line} imports ${item.specifier}: ${problem}`);
  }
  return problems;
}

function folderProblem(folder: string, item: Import): string | undefined {
  const layer = LAYERS[folder];
  if (layer === undefined) return `${folder}/ is in no layer; see test/tidy/layers.ts`;
  if (item.target === undefined) {
    return isAllowedPackage(item.specifier, layer.packages) ? undefined : `${folder}/ may not load this package`;
  }
  if (!item.target.startsWith(SRC)) return "it leaves the package";
  const inside = item.target.slice(SRC.length);
  if (!inside.includes("/")) return "inner files never import a door";
  return isAllowedFile(inside, [folder, ...layer.layers]) ? undefined : `${folder}/ may not see it; imports point down`;
}

function doorProblem(door: string, item: Import): string | undefined {
  const allowed = [...(WIDE_DOORS[door] ?? ["sdk"]), "protocol"];
  if (item.target === undefined) {
    // A host framework's types vanish when compiled: an application that does not use it never loads it.
    if (item.isTypeOnly || (NODE_DOORS.has(door) && item.specifier.startsWith("node:"))) return undefined;
    return "a door loads no package; use `import type`";
  }
  if (!item.target.startsWith(SRC)) return "it leaves the package";
  const inside = item.target.slice(SRC.length);
  if (!inside.includes("/")) return "a door does not import another door";
  return isAllowedFile(inside, allowed) ? undefined : `this door stands on ${allowed.join(", ")} only`;
}

const isAllowedFile = (file: string, allowed: readonly string[]): boolean =>
  allowed.some((place) => file === place || file.startsWith(`${place}/`));

const isAllowedPackage = (specifier: string, allowed: readonly string[]): boolean =>
  allowed.some((name) => specifier === name || specifier.startsWith(name.endsWith(":") ? name : `${name}/`));
