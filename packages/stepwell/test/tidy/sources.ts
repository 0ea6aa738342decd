/**
 * What the tidy test knows about the repository: tracked and new files, and each source's syntax tree.
 *
 * The tree is ESTree as the parser inside vitest gives it (TypeScript 7 has no stable API of its own yet); one pass over
 * it collects imports and functions, so that the whole repository is read in well under a second.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";
import { parseAst } from "vitest/node";

export const ROOT = resolve(import.meta.dirname, "..", "..", "..", "..");

export interface Source {
  /** Path from the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly functions: readonly FunctionSpan[];
  /** Line numbers of `async` functions and `await`s. */
  readonly asyncLines: readonly number[];
  /** Line numbers of the type `any`. */
  readonly anyLines: readonly number[];
  /** True when the file does nothing but export what other files export. */
  readonly isBarrel: boolean;
}

export interface Import {
  readonly specifier: string;
  /** For a relative import: the file it names, from the root of the repository. */
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
  /** What it takes, by the names of the other file; `*` for all of it. */
  readonly names: readonly string[];
  /** Loaded when the line is reached, not with the file. */
  readonly isLazy: boolean;
  readonly line: number;
}

/** Something that a file itself declares and exports. */
export interface Export {
  readonly name: string;
  readonly isType: boolean;
  readonly line: number;
}

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/** Everything git tracks or would track, that exists. */
export function repositoryFiles(): string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(list.split("\0"))].filter((path) => path !== "" && existsSync(join(ROOT, path))).sort();
}

export const readText = (path: string): string => readFileSync(join(ROOT, path), "utf8");

export const isSource = (path: string): boolean => /\.(?:ts|tsx|mjs)$/.test(path) && !path.endsWith(".d.ts");

export function readSource(path: string): Source {
  return parseSource(path, readText(path));
}

/** Also used to show that each rule can fail, on texts that are in no file. */
export function parseSource(path: string, text: string): Source {
  const lang = path.endsWith(".tsx") ? "tsx" : path.endsWith(".mjs") ? "js" : "ts";
  const program = parseAst(text, { lang }) as unknown as Node;
  const lineOf = lineFinder(text);
  const imports: Import[] = [];
  const exports: Export[] = [];
  const functions: FunctionSpan[] = [];
  const asyncLines: number[] = [];
  const anyLines: number[] = [];
  walk(program, "", (node, name) => {
    const found = importOf(node);
    if (found !== undefined)
      imports.push({ ...found, target: targetOf(path, found.specifier), line: lineOf(node.start) });
    if (node.type === "ExportNamedDeclaration") {
      for (const found of exportsOf(node)) exports.push({ ...found, line: lineOf(node.start) });
    }
    if (FUNCTIONS.has(node.type) && node["body"] != null) {
      const line = lineOf(node.start);
      functions.push({ name, line, lines: lineOf(node.end - 1) - line + 1 });
    }
    if (node.type === "TSAnyKeyword") anyLines.push(lineOf(node.start));
    if (node["async"] === true || node.type === "AwaitExpression") asyncLines.push(lineOf(node.start));
  });
  return {
    path,
    text,
    lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    isTest: /\.test\.tsx?$/.test(path),
    imports,
    exports,
    functions,
    asyncLines,
    anyLines,
    isBarrel: isBarrel(program),
  };
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

/** Visits each node with the name it is bound to: of the declaration, variable, property or method around it. */
function walk(node: Node, outerName: string, visit: (node: Node, name: string) => void): void {
  const name = nameOf(node) ?? outerName;
  visit(node, name);
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) walk(item, name, visit);
    } else if (isNode(value)) walk(value, name, visit);
  }
}

function nameOf(node: Node): string | undefined {
  for (const key of ["id", "key"]) {
    const named = node[key];
    if (isNode(named) && typeof named["name"] === "string") return named["name"];
  }
  return undefined;
}

const DECLARATIONS = new Set(["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration"]);

function importOf(node: Node): Omit<Import, "target" | "line"> | undefined {
  if (!DECLARATIONS.has(node.type) && node.type !== "ImportExpression" && node.type !== "TSImportType")
    return undefined;
  const source = node["source"] ?? node["argument"];
  const specifier = isNode(source) ? source["value"] : undefined;
  if (typeof specifier !== "string") return undefined;
  const isTypeOnly = node["importKind"] === "type" || node["exportKind"] === "type" || node.type === "TSImportType";
  const isLazy = node.type === "ImportExpression";
  return { specifier, isTypeOnly, isLazy, names: namesOf(node) };
}

/** The names that an import or a passing export takes from another file. */
function namesOf(node: Node): string[] {
  if (!Array.isArray(node["specifiers"])) return ["*"];
  return node["specifiers"].filter(isNode).map((item) => {
    const taken = item["imported"] ?? (item.type === "ExportSpecifier" ? item["local"] : undefined);
    return isNode(taken) ? String(taken["name"]) : "*";
  });
}

const TYPES = new Set(["TSInterfaceDeclaration", "TSTypeAliasDeclaration"]);

/** What an export declares itself; nothing for one that passes on what another file has. */
function exportsOf(node: Node): Omit<Export, "line">[] {
  const { declaration } = node;
  if (!isNode(declaration)) return [];
  const isType = TYPES.has(declaration.type);
  const declared = Array.isArray(declaration["declarations"]) ? declaration["declarations"] : [declaration];
  return declared.filter(isNode).flatMap((item) => {
    const name = nameOf(item);
    return name === undefined ? [] : [{ name, isType }];
  });
}

function targetOf(path: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(dirname(path), specifier) : undefined;
}

function isBarrel(program: Node): boolean {
  const body = program["body"] as readonly Node[];
  return body.length > 0 && body.every((node) => node.type.startsWith("Export") && isNode(node["source"]));
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
