/**
 * Words that must not stand in a file, each with its reason. The patterns are matched line by line on the raw text,
 * comments included. Some are written in pieces so that this file does not hold what it bans.
 */
import type { Source } from "./sources.ts";

interface Ban {
  readonly pattern: RegExp;
  readonly where: (source: Source) => boolean;
  readonly why: string;
}

const inCore = (source: Source): boolean => source.path.includes("/src/core/");
const inSource = (source: Source): boolean => source.path.includes("/src/");
const anywhere = (): boolean => true;
const inPlace = (folder: string) => (source: Source) => source.path.includes(`/src/${folder}/`) && !source.isTest;

const LATER = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|");

const BANS: readonly Ban[] = [
  {
    pattern: /Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|process\.|console\./,
    where: inCore,
    why: "the core reads no clock, no chance and no process (E7): time comes with the command",
  },
  {
    pattern: /Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|process\./,
    where: inPlace("engine"),
    why: "the engine asks its ports for time and chance",
  },
  { pattern: /@ts-(?:ignore|nocheck)/, where: inSource, why: "types stay on" },
  {
    pattern: /@ts-expect-error/,
    where: (source) => inSource(source) && !source.isTest,
    why: "only a test of the types may expect an error",
  },
  { pattern: new RegExp(`\\b(?:${LATER})\\b`), where: anywhere, why: "finish it, or open an issue" },
  { pattern: new RegExp(["not implem" + "ented", "unimplem" + "ented"].join("|")), where: inSource, why: "finish it" },
  {
    pattern: /\b(?:describe|test|it)\.(?:only|skip|todo)\(/,
    where: (source) => source.isTest,
    why: "a test that cannot run here says why: `context.skip(reason)`",
  },
];

/** Every banned word in the file, as sentences. */
export function wordProblems(source: Source): string[] {
  const bans = BANS.filter((ban) => ban.where(source));
  const problems: string[] = [];
  for (const [index, line] of source.text.split("\n").entries()) {
    for (const ban of bans) {
      const match = ban.pattern.exec(line);
      if (match !== null) problems.push(`${source.path}:${index + 1} says "${match[0]}": ${ban.why}`);
    }
  }
  for (const line of source.anyLines) problems.push(`${source.path}:${line} says "any": types stay on`);
  if (inPlace("core")(source)) {
    for (const line of source.asyncLines) problems.push(`${source.path}:${line} is async: the core never waits`);
  }
  return problems;
}

const BANNED_NAMES = new Set(["types", "utils", "util", "helpers", "common", "constants", "misc"]);

/** What is wrong with the file's name or its place, as sentences. */
export function nameProblems(source: Source): string[] {
  const file = source.path.split("/").at(-1) ?? "";
  const name = file.replace(/(?:\.test)?\.\w+$/, "");
  const isInnerFile = /\/src\/[^/]+\//.test(source.path);
  const problems: string[] = [];
  if (BANNED_NAMES.has(name) && !source.isTest)
    problems.push(`${source.path}: name the file after its idea, not "${name}"`);
  if (!/^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(name)) problems.push(`${source.path}: file names are kebab-case`);
  if (isInnerFile && (name === "index" || source.isBarrel)) problems.push(`${source.path}: no barrels inside folders`);
  return problems;
}

/** A source begins by saying what it is. Tests say it by their names, an example's steps by theirs. */
export function headerProblems(source: Source): string[] {
  if (source.isTest || source.path.startsWith("examples/") || /^(?:#!.*\n)?\/\*\*/.test(source.text)) return [];
  return [`${source.path}: begin with a /** comment that says what the file is for`];
}
