/**
 * Exports for nobody: what no other file takes is private, so that whoever reads a file knows what others rely on. Types may
 * stand beside the function that they describe; one that is mentioned nowhere, not even there, is left over.
 */
import type { Export, Source } from "./sources.ts";

/** Doors are for users, and examples stand alone. */
const isInside = ({ path }: Source): boolean => /^packages\/\w+\/(?:src\/.*\/|test\/)/.test(path);

/** Every export of these sources that nothing else needs, as sentences. */
export function exportProblems(sources: readonly Source[]): string[] {
  const taken = new Set(
    sources.flatMap(({ imports }) => imports.flatMap(({ target, names }) => namesAt(target, names))),
  );
  return sources.filter(isInside).flatMap((source) =>
    source.exports
      .filter(({ name }) => !taken.has(`${source.path} ${name}`) && !taken.has(`${source.path} *`))
      .filter((found) => !found.isType || isLeftOver(source, found))
      .map(({ name, line }) => `${source.path}:${line} exports ${name}, which no other file takes`),
  );
}

const namesAt = (target: string | undefined, names: readonly string[]): string[] =>
  target === undefined ? [] : names.map((name) => `${target} ${name}`);

const isLeftOver = ({ text }: Source, { name }: Export): boolean =>
  [...text.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length === 1;
