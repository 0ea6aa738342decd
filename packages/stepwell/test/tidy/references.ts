/**
 * Files that comments name: a reader must be able to open them. A name leads to a file when it is the end of its path, so
 * `core/run/run.ts` and `run.ts` both do.
 */
import type { Source } from "./sources.ts";

const NAMED = /(?<![\w*.])[\w@][\w@./-]*\.(?:tsx?|mjs|md)\b/g;

/** Comment lines, but for the programs in them. */
const isProse = (line: string): boolean => /^\s*(?:\/\*\*?|\*|\/\/)/.test(line) && !/^\s*\* \/\//.test(line);

/** Every file that a comment of this source names and that is not there, as sentences. */
export function referenceProblems({ path, text }: Source, files: readonly string[]): string[] {
  return text.split("\n").flatMap((line, index) => {
    const named = isProse(line) ? (line.match(NAMED) ?? []) : [];
    const gone = named.filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)));
    return gone.map((name) => `${path}:${index + 1} names ${name}, which is no file here`);
  });
}
