/** What a user's bundle pays for a door: its size, and that no server code comes along. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const SOURCES = fileURLToPath(new URL("../src/", import.meta.url));
const CLIENT_BYTES_MAX = 25 * 1024;
const HANDLER_BYTES_MAX = 31 * 1024;

async function bundle(...doors: string[]) {
  const result = await build({
    stdin: {
      contents: doors.map((door) => `export * from "./${door}";`).join("\n"),
      resolveDir: SOURCES,
      loader: "ts",
    },
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    format: "esm",
    target: "es2023",
    external: ["node:*"],
  });
  const inputs = Object.keys(result.metafile.inputs).map((path) => path.replace(/^.*?src\//, "src/"));
  const imports = Object.values(result.metafile.outputs).flatMap((file) => file.imports.map((entry) => entry.path));
  return { sizeBytes: gzipSync(result.outputFiles[0]!.contents, { level: 9 }).length, inputs, imports };
}

describe("minified and compressed", () => {
  test("the client stays under 25 KB", async () => {
    expect((await bundle("index.ts")).sizeBytes).toBeLessThan(CLIENT_BYTES_MAX);
  });

  test("with a fetch handler it stays under 31 KB", async () => {
    expect((await bundle("index.ts", "web.ts")).sizeBytes).toBeLessThan(HANDLER_BYTES_MAX);
  });
});

test("the client and a fetch handler import nothing of any host", async () => {
  expect((await bundle("index.ts", "web.ts")).imports).toEqual([]);
});

describe("no door of the SDK brings server code", () => {
  const expectSdkOnly = async (door: string) => {
    const { inputs } = await bundle(door);
    const sources = inputs.filter((path) => path.startsWith("src/"));
    expect(sources.length).toBeGreaterThan(3);
    expect(sources.filter((path) => !/^src\/(sdk|protocol)\//.test(path) && path !== `src/${door}`)).toEqual([]);
    const packages = inputs.filter((path) => path.includes("node_modules/"));
    expect(packages.filter((path) => !/node_modules\/(@noble\/hashes|canonicalize)\//.test(path))).toEqual([]);
  };

  test("index", () => expectSdkOnly("index.ts"));
  test("web", () => expectSdkOnly("web.ts"));
  test("node", () => expectSdkOnly("node.ts"));
  test("express", () => expectSdkOnly("express.ts"));
  test("fastify", () => expectSdkOnly("fastify.ts"));
  test("hono", () => expectSdkOnly("hono.ts"));
  test("koa", () => expectSdkOnly("koa.ts"));
  test("next", () => expectSdkOnly("next.ts"));
  test("lambda", () => expectSdkOnly("lambda.ts"));
});
