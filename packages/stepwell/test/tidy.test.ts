/** The house rules that a machine can check. Each has a twin below that shows it fail. */
import { describe, expect, test } from "vitest";
import { createProgram } from "../src/cli/program.ts";
import { systemTerminal } from "../src/cli/terminal.ts";
import { compileExpression, isExpressionProblem } from "../src/core/match/expression.ts";
import { ERRORS } from "../src/protocol/errors.ts";
import { LIMITS } from "../src/protocol/limits.ts";
import { VERSION } from "../src/protocol/version.ts";
import { pathsOf } from "../src/server/api/route.ts";
import { ROUTES } from "../src/server/api/table.ts";
import { circleProblems } from "./tidy/circles.ts";
import {
  codeHeadings,
  commandRows,
  decisionProblems,
  linkProblems,
  listProblems,
  numberRows,
  packageVersions,
  routeMentions,
  sizeBytesOf,
  variablesOf,
} from "./tidy/documents.ts";
import { exportProblems } from "./tidy/exports.ts";
import { layerProblems } from "./tidy/layers.ts";
import { referenceProblems } from "./tidy/references.ts";
import { RECORDS, sizeProblems } from "./tidy/sizes.ts";
import { isSource, parseSource, readSource, readText, repositoryFiles } from "./tidy/sources.ts";
import { headerProblems, nameProblems, wordProblems } from "./tidy/words.ts";

const files = repositoryFiles();
const sources = files.filter(isSource).map(readSource);
const inProducts = sources.filter((source) => /^(?:packages|examples|scripts)\//.test(source.path));
const documents = files.filter((path) => path.endsWith(".md"));
const manifest = JSON.parse(readText("packages/stepwell/package.json")) as {
  version: string;
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
};

/** Folders of one machine: its checkouts and its homes. */
const MACHINE_PATH = /(?:^|[^A-Za-z0-9_.-])\/(?:work|root|home|Users)\/\w/;

const machinePathProblems = (path: string, text: string): string[] =>
  text
    .split("\n")
    .flatMap((line, index) => (MACHINE_PATH.test(line) ? [`${path}:${index + 1} names a machine's folder`] : []));

const lockProblems = (path: string, text: string): string[] =>
  /https?:\/\/[^"]*\.(?:tgz|tar\.gz)/.test(text) || /"resolved": *"https?:/.test(text)
    ? [`${path} holds download addresses; .npmrc says omit-lockfile-registry-resolved`]
    : [];

/** A registry mirror may lack another platform's binary; npm then leaves it out, and later refuses its own lock file. */
const lockGaps = (path: string, text: string): string[] => {
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const names = new Set(Object.keys(packages).map((place) => place.split("node_modules/").at(-1)));
  const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  return wanted.filter((name) => !names.has(name)).map((name) => `${path} lacks the optional ${name}`);
};

/** Licences that ask for no more than their text. */
const PERMISSIVE = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT"]);

/** Of what is installed to be run, and not only to build and to test. */
const licenceProblems = (text: string): string[] => {
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; link?: boolean; license?: string }>;
  };
  return Object.entries(packages).flatMap(([place, { dev, optional, link, license = "none" }]) => {
    const isRun = place.includes("node_modules/") && dev !== true && optional !== true && link !== true;
    return isRun && !PERMISSIVE.has(license) ? [`${place} has the licence ${license}`] : [];
  });
};

const doorNames = (paths: readonly string[]): string[] =>
  paths.flatMap((path) => {
    const name = /^packages\/stepwell\/src\/([^/]+?)(?<!\.test)\.ts$/.exec(path)?.[1];
    return name === undefined ? [] : [name === "index" ? "." : `./${name}`];
  });

const doorProblems = (exports: Record<string, unknown>): string[] =>
  Object.entries(exports).flatMap(([door, entry]) => {
    if (door === "./package.json") return [];
    const file = door === "." ? "./dist/index" : `./dist/${door.slice(2)}`;
    const expected = { types: `${file}.d.ts`, default: `${file}.js` };
    return JSON.stringify(entry) === JSON.stringify(expected)
      ? []
      : [`exports "${door}" should be ${JSON.stringify(expected)}`];
  });

describe("the code", () => {
  test("imports point down only", () => {
    expect(inProducts.flatMap(layerProblems)).toEqual([]);
  });

  test("no files import each other in a circle", () => {
    expect(circleProblems(inProducts)).toEqual([]);
  });

  test("what is exported is taken", () => {
    expect(exportProblems(sources)).toEqual([]);
  });

  test("comments name files that exist", () => {
    expect(inProducts.flatMap((source) => referenceProblems(source, files))).toEqual([]);
  });

  test("examples use stepwell as a stranger would", () => {
    const reach = inProducts.filter((source) => source.path.startsWith("examples/"));
    const inside = reach.flatMap((source) => source.imports.filter((item) => item.target?.startsWith("packages/")));
    expect(inside).toEqual([]);
  });

  test("no banned word stands anywhere", () => {
    expect(inProducts.flatMap(wordProblems)).toEqual([]);
  });

  test("files are named after their idea, and folders have no barrels", () => {
    expect(inProducts.flatMap(nameProblems)).toEqual([]);
  });

  test("every source says what it is for", () => {
    expect(inProducts.flatMap(headerProblems)).toEqual([]);
  });

  test("files and functions only get shorter", () => {
    expect(sizeProblems(inProducts, RECORDS)).toEqual([]);
  });
});

describe("the repository", () => {
  test("no file names a folder of one machine", () => {
    const texts = files.filter((path) => !/\.(?:png|jpg|ico|woff2|gz)$/.test(path));
    expect(texts.flatMap((path) => machinePathProblems(path, readText(path)))).toEqual([]);
  });

  test("lock files hold no download addresses, and every platform's binaries", () => {
    const locks = files.filter((path) => path.endsWith("package-lock.json"));
    expect(locks).toContain("package-lock.json");
    expect(locks.flatMap((path) => lockProblems(path, readText(path)))).toEqual([]);
    expect(locks.flatMap((path) => lockGaps(path, readText(path)))).toEqual([]);
  });

  test("what users install has permissive licences", () => {
    expect(licenceProblems(readText("package-lock.json"))).toEqual([]);
  });

  test("no file is larger than 1 MB", () => {
    expect(files.filter((path) => sizeBytesOf(path) > 1024 * 1024)).toEqual([]);
  });

  test("package.json exports every door, and nothing else", () => {
    const exported = Object.keys(manifest.exports).filter((door) => door !== "./package.json");
    const problems = listProblems(
      { name: "src/", items: doorNames(files) },
      { name: 'packages/stepwell/package.json "exports"', items: exported },
    );
    expect([...problems, ...doorProblems(manifest.exports)]).toEqual([]);
  });

  test("VERSION is the version of package.json", () => {
    expect(VERSION).toBe(manifest.version);
  });
});

describe("the documents", () => {
  test("docs/errors.md has one heading per error code", () => {
    const headings = codeHeadings(readText("docs/errors.md"));
    const problems = listProblems(
      { name: "protocol/errors.ts", items: Object.keys(ERRORS) },
      { name: "docs/errors.md (npm run docs:errors adds what is missing)", items: headings },
    );
    expect(problems).toEqual([]);
    expect(headings.length).toBe(new Set(headings).size);
  });

  test("docs/limits.md has one row per limit, with its value", () => {
    const limits = Object.entries(LIMITS).map(([name, value]) => `${name} = ${value}`);
    const rows = numberRows(readText("docs/limits.md"));
    expect(
      listProblems({ name: "protocol/limits.ts", items: limits }, { name: "docs/limits.md", items: rows }),
    ).toEqual([]);
  });

  test("docs/http.md names every route, and every route that a page names is there", () => {
    const routes = ROUTES.map((route) => `${route.method} ${route.path}`);
    const named = routeMentions(readText("docs/http.md"));
    expect(routes.filter((route) => !named.includes(route))).toEqual([]);
    const answered = ROUTES.flatMap((route) => pathsOf(route).map((path) => `${route.method} ${path}`));
    const pages = documents.filter((path) => path.startsWith("docs/") || path === "README.md");
    const gone = pages.flatMap((path) => routeMentions(readText(path)).map((route) => ({ path, route })));
    expect(gone.filter(({ route }) => !answered.includes(route))).toEqual([]);
  });

  test("docs/expressions.md tells the results that expressions have", () => {
    const rows = [...readText("docs/expressions.md").matchAll(/^\| `(.*)` \| `(.*)` \|$/gm)];
    const wrong = rows.filter(([, source = "", result = ""]) => {
      const expression = compileExpression(source.replaceAll("\\|", "|"), ["event"]);
      const event = { name: "order/placed", data: {} };
      return isExpressionProblem(expression) || JSON.stringify(expression.evaluate({ event }, 0)) !== result;
    });
    expect(rows.length).toBeGreaterThan(15);
    expect(wrong.map(([row]) => row)).toEqual([]);
  });

  test("docs/command.md names every command and every variable", () => {
    const page = readText("docs/command.md");
    const terminal = systemTerminal();
    const commands = createProgram(terminal, {}, () => {}).commands.map((command) =>
      [command, ...command.commands].map((one) => one.name()).join(" "),
    );
    expect(
      listProblems({ name: "cli/program.ts", items: commands }, { name: "the page", items: commandRows(page) }),
    ).toEqual([]);
    const code = sources.filter(
      ({ path }) => /^packages\/stepwell\/src\/(?:cli|sdk)\//.test(path) && !path.includes(".test."),
    );
    const variables = code.flatMap(({ text }) => variablesOf(text)).map((name) => `STEPWELL_${name}`);
    const told = [...page.matchAll(/`(STEPWELL_[A-Z_]+)`/g)].map((match) => match[1] ?? "");
    expect(listProblems({ name: "the sources", items: variables }, { name: "the page", items: told })).toEqual([]);
  });

  test("docs/errors.md says of every error when it happens", () => {
    const sections = readText("docs/errors.md").split(/^## /m).slice(1);
    const silent = sections.filter((section) => !/^HTTP .*\n\n(?!\*\*What to do)./m.test(section));
    expect(silent.map((section) => section.split("\n")[0])).toEqual([]);
  });

  test("decisions are numbered, and say what gets harder and when to look again", () => {
    const decisions = documents.filter((path) => path.startsWith("docs/decisions/"));
    expect(decisions.length).toBeGreaterThan(12);
    expect(decisions.flatMap((path) => decisionProblems(path, readText(path)))).toEqual([]);
  });

  test("docs/decisions/006 has a reason for every dependency, at its version", () => {
    const wanted = Object.entries(manifest.dependencies).map(([name, version]) => `${name} ${version}`);
    const reasons = packageVersions(readText("docs/decisions/006-dependencies.md"));
    expect(
      listProblems(
        { name: "packages/stepwell/package.json", items: wanted },
        { name: "docs/decisions/006-dependencies.md", items: reasons },
      ),
    ).toEqual([]);
  });

  test("ARCHITECTURE.md names files that exist", () => {
    const named = [...readText("ARCHITECTURE.md").matchAll(/`([a-z][\w./-]*\.(?:ts|md))`/g)].map((match) => match[1]!);
    const places = ["", "packages/stepwell/", "packages/stepwell/src/"];
    const gone = named.filter((path) => path.includes("/") && !places.some((place) => files.includes(place + path)));
    expect(gone).toEqual([]);
  });

  test("links lead somewhere", () => {
    expect(documents.flatMap((path) => linkProblems(path))).toEqual([]);
  });
});

describe("each check can fail", () => {
  const at = (path: string, text: string) => parseSource(`packages/stepwell/src/${path}`, text);
  const wrong = (path: string, text: string) => layerProblems(at(path, text)).length;

  test("an import that points up", () => {
    expect(wrong("protocol/a.ts", `import "../core/b.ts";`)).toBe(1);
    expect(wrong("core/run/a.ts", `export { b } from "../../engine/b.ts";`)).toBe(1);
    expect(wrong("sdk/a.ts", `import type { B } from "../core/b.ts";`)).toBe(1);
    expect(wrong("engine/a.ts", `import { b } from "../store/sqlite/b.ts";`)).toBe(1);
    expect(wrong("engine/a.ts", `import type { Store } from "../store/store.ts";`)).toBe(0);
  });

  test("an import of a door, or of the wrong package", () => {
    expect(wrong("sdk/a.ts", `import { b } from "../index.ts";`)).toBe(1);
    expect(wrong("sdk/a.ts", `import { b } from "node:http";`)).toBe(1);
    expect(wrong("sdk/a.ts", `const b = await import("node:http");`)).toBe(1);
    expect(wrong("core/a.ts", `import { b } from "undici";`)).toBe(1);
    expect(wrong("express.ts", `import type { Request } from "express";`)).toBe(0);
    expect(wrong("express.ts", `import { b } from "express";`)).toBe(1);
    expect(wrong("express.ts", `import { b } from "./server/b.ts";`)).toBe(1);
  });

  test("a circle, also of types", () => {
    const a = at("core/a.ts", `import type { B } from "./b.ts";`);
    const circle = (text: string) => circleProblems([a, at("core/b.ts", text)], new Set()).length;
    expect(circle(`import { c } from "./c.ts"; import { a } from "./a.ts";`)).toBe(1);
    expect(circle(`const a = import("./a.ts");`)).toBe(0);
    expect(circleProblems([a], new Set(["gone"]))).toHaveLength(1);
  });

  test("an export that nobody takes, and a comment about a file that is gone", () => {
    const exporting = at("core/a.ts", "export interface A {}\nexport const b = 1;\nexport interface C { a: A }");
    expect(exportProblems([exporting])).toHaveLength(2);
    expect(exportProblems([exporting, at("core/d.ts", `import { b, type C } from "./a.ts";`)])).toEqual([]);
    expect(exportProblems([exporting, at("core/d.ts", `import * as a from "./a.ts";`)])).toEqual([]);
    expect(referenceProblems(at("core/a.ts", "/** As run/run.ts has it. */"), ["src/core/run/run.ts"])).toEqual([]);
    expect(referenceProblems(at("core/a.ts", "/** As ran/run.ts has it. */"), ["src/core/run/run.ts"])).toHaveLength(1);
  });

  test("a clock, a wait or a switched-off type in the core", () => {
    const said = (text: string) => wordProblems(at("core/a.ts", text)).length;
    expect(said("export const a = Date.now();")).toBe(1);
    expect(said("export const a = new Date();")).toBe(1);
    expect(said("export const a = new Date(1);")).toBe(0);
    expect(said("export async function a() {}")).toBe(1);
    expect(said("export const a = (b: any) => b;")).toBe(1);
    expect(said(`// ${"TO"}${"DO"}: later`)).toBe(1);
    expect(wordProblems(at("core/a.test.ts", ["test", ".only", "('a', () => {});"].join("")))).toHaveLength(1);
  });

  test("a bad name, a barrel, a file without a header", () => {
    expect(nameProblems(at("core/utils.ts", "export {};"))).toHaveLength(1);
    expect(nameProblems(at("core/runState.ts", "export {};"))).toHaveLength(1);
    expect(nameProblems(at("core/run/all.ts", `export * from "./run.ts";`))).toHaveLength(1);
    expect(nameProblems(at("index.ts", `export * from "./sdk/client.ts";`))).toEqual([]);
    expect(headerProblems(at("core/a.ts", "export {};"))).toHaveLength(1);
  });

  test("a long file and a long function", () => {
    const none = { files: {}, functions: {} };
    const long = (lines: number) => at("core/a.ts", `export function b() {\n${"\n".repeat(lines - 2)}}\n`);
    expect(sizeProblems([long(70)], none)).toEqual([]);
    expect(sizeProblems([long(71)], none)).toHaveLength(1);
    expect(
      sizeProblems([long(80)], { files: {}, functions: { "packages/stepwell/src/core/a.ts#b": 90 } }),
    ).toHaveLength(1);
    expect(sizeProblems([], { files: {}, functions: { gone: 90 } })).toHaveLength(1);
    expect(sizeProblems([at("core/a.ts", "\n".repeat(401))], none)).toHaveLength(1);
    expect(sizeProblems([at("core/a.ts", "\n".repeat(701))], none)).toHaveLength(1);
    expect(sizeProblems([], { files: { gone: "a reason" }, functions: {} })).toHaveLength(1);
  });

  test("a machine's folder, a download address, a dead link, a list that lacks something", () => {
    expect(machinePathProblems("a.md", `see ${"/ho"}${"me/"}somebody/file`)).toHaveLength(1);
    expect(machinePathProblems("a.md", "GET /api/work/1")).toEqual([]);
    expect(lockProblems("a", `"resolved": "${"https:"}//registry.example/a.tgz"`)).toHaveLength(1);
    expect(lockGaps("a", '{"packages":{"":{"optionalDependencies":{"b":"1"}}}}')).toHaveLength(1);
    expect(licenceProblems('{"packages":{"node_modules/a":{"license":"GPL-3.0"}}}')).toHaveLength(1);
    expect(licenceProblems('{"packages":{"node_modules/a":{"license":"MPL-2.0","dev":true}}}')).toEqual([]);
    expect(linkProblems("README.md", "[gone](docs/gone.md)")).toHaveLength(1);
    expect(linkProblems("README.md", "[gone](#no-such-heading)")).toHaveLength(1);
    expect(listProblems({ name: "a", items: ["x"] }, { name: "b", items: ["y"] })).toHaveLength(2);
    expect(decisionProblems("docs/decisions/001-a.md", "# 002 A\n\n**Context.** Why.")).toHaveLength(5);
    expect(packageVersions("| `a` 1.0.0, `@b/c` 2.1.0 | `d` |")).toEqual(["a 1.0.0", "@b/c 2.1.0"]);
    expect(routeMentions("See `GET /v1/runs?limit=1`, `GET /v1/runs` and `POST /e/:key`.")).toEqual([
      "GET /v1/runs",
      "POST /e/:key",
    ]);
    expect(doorProblems({ "./a": "./dist/a.js" })).toHaveLength(1);
    expect(doorNames(["packages/stepwell/src/web.ts", "packages/stepwell/src/web.test.ts"])).toEqual(["./web"]);
  });
});
