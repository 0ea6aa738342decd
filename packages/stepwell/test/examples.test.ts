/** The examples in the comments of the public doors compile, as a user's project would compile them. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const PACKAGE = fileURLToPath(new URL("../", import.meta.url));
const SOURCES = join(PACKAGE, "src");
const doors = readdirSync(SOURCES).filter((name) => /^\w+\.ts$/.test(name));

interface PublicName {
  readonly name: string;
  /** Where it is declared. */
  readonly file: string;
  /** Users see its type, and are given what has it. */
  readonly isType: boolean;
}

const publicNames = doors.flatMap((door): PublicName[] => {
  const passedOn = [...textOf(door).matchAll(/export (type )?\{([^}]*)\} from "\.\/([^"]+)"/g)];
  const declared = [...textOf(door).matchAll(/^export (?:function|interface|type) (\w+)/gm)];
  return [
    ...passedOn.flatMap(([, allTypes, names = "", file = ""]) =>
      [...names.matchAll(/(type )?(\w+)(?: as \w+)?/g)].map(([, isType, name = ""]) => {
        return { name, file, isType: (allTypes ?? isType) !== undefined };
      }),
    ),
    ...declared.map(([, name = ""]) => ({ name, file: door, isType: false })),
  ];
});
const files = [...new Set([...doors, ...publicNames.map(({ file }) => file)])].sort();

function textOf(file: string): string {
  return readFileSync(join(SOURCES, file), "utf8");
}

// Inside the package, so that the hosts' packages are found.
mkdirSync(join(PACKAGE, "dist"), { recursive: true });
const folder = mkdtempSync(join(PACKAGE, "dist", ".examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function examplesIn(file: string): string[] {
  const comments = textOf(file).match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments
    .flatMap((comment) => [...comment.matchAll(/```ts\n([\s\S]*?)```/g)])
    .map((match) => match[1]!.replace(/^[ \t]*\* ?/gm, ""));
}

test("every example compiles", () => {
  const examples = files.flatMap((file) =>
    examplesIn(file).map((code, index) => ({ name: `${file.slice(0, -3).replaceAll("/", "-")}-${index}`, code })),
  );
  expect(examples.length).toBeGreaterThan(10);
  for (const { name, code } of examples) writeFileSync(join(folder, `${name}.ts`), `${code}\nexport {};\n`);
  const paths = Object.fromEntries(
    doors.map((door) => [door === "index.ts" ? "stepwell" : `stepwell/${door.slice(0, -3)}`, [`../../src/${door}`]]),
  );
  const config = {
    extends: "../../tsconfig.test.json",
    compilerOptions: { paths, incremental: false, tsBuildInfoFile: null, noUnusedLocals: false },
    references: [],
    include: ["*.ts", "../../test/conformance/hosts.d.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = fileURLToPath(import.meta.resolve("typescript/package.json")).replace(/package\.json$/, "bin/tsc");
  expect(compile(tsc)).toBe("");
}, 60_000);

function compile(tsc: string): string {
  try {
    return execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** The comment above a declaration, with the kind of thing that it is; null where there is none. */
function docOf({ name, file }: PublicName): { readonly kind: string; readonly text: string } | null {
  const declared = new RegExp(`(\\/\\*\\*(?:(?!\\*\\/)[\\s\\S])*\\*\\/\\n)export (?:async )?(\\w+) ${name}\\b`);
  const found = declared.exec(textOf(file));
  return found === null ? null : { kind: found[2]!, text: found[1]! };
}

const told = ({ name, file }: PublicName) => `${file}: ${name}`;

test("every public name says what it is", () => {
  expect(publicNames.length).toBeGreaterThan(80);
  expect(publicNames.filter((one) => docOf(one) === null).map(told)).toEqual([]);
});

test("every public function and class has an example", () => {
  const missing = publicNames.filter((one) => {
    const doc = docOf(one);
    const isUsed = doc?.kind === "function" || (doc?.kind === "class" && !one.isType);
    return isUsed && !doc?.text.includes("@example");
  });
  expect(missing.map(told)).toEqual([]);
});
