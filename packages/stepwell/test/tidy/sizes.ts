/**
 * Sizes. The ideal is in CONTRIBUTING.md; this keeps the direction. A file over 400 lines stands here with the reason why
 * it is one idea; a function over 70 lines stands here with its length, which may only fall. Take an entry out once
 * it is not needed any more: the test asks for it.
 */
import type { Source } from "./sources.ts";

const FILE_LINES_REASON = 400;
const FILE_LINES_MAX = 700;
const FUNCTION_LINES_MAX = 70;

export interface SizeRecords {
  readonly files: Readonly<Record<string, string>>;
  readonly functions: Readonly<Record<string, number>>;
}

export const RECORDS: SizeRecords = {
  files: {
    "packages/stepwell/src/core/core.ts": "the one place where commands, time and batches meet; rules live elsewhere",
    "packages/stepwell/src/core/schedule/lane-heads.ts":
      "which lanes are in memory, whole or in part, and which are in the store alone: its invariants hold together",
    "packages/stepwell/src/store/sqlite.ts":
      "the port, method by method: which thread answers, and what its failure means",
    "packages/stepwell/src/engine/engine.ts": "the loop: its five invariants hold or break together",
  },
  functions: {},
};

/** Suites are lists of cases, long by nature; what is measured is what runs for a user. */
const isMeasured = (source: Source): boolean => !source.isTest && !source.path.includes("/test/");

/** Every size that grew past its record, and every record that is out of date, as sentences. */
export function sizeProblems(sources: readonly Source[], records: SizeRecords): string[] {
  const measured = sources.filter(isMeasured);
  return [...fileProblems(measured, records.files), ...functionProblems(measured, records.functions)];
}

function fileProblems(sources: readonly Source[], reasons: SizeRecords["files"]): string[] {
  const problems: string[] = [];
  const long = new Set<string>();
  for (const { path, lines } of sources) {
    if (lines > FILE_LINES_REASON) long.add(path);
    if (lines > FILE_LINES_MAX) problems.push(`${path} has ${lines} lines; the limit is ${FILE_LINES_MAX}`);
    else if (lines > FILE_LINES_REASON && reasons[path] === undefined) {
      problems.push(`${path} has ${lines} lines; split it by idea, or give the reason in test/tidy/sizes.ts`);
    }
  }
  for (const path of Object.keys(reasons)) {
    if (!long.has(path)) problems.push(`${path} needs no reason any more; take it out of test/tidy/sizes.ts`);
  }
  return problems;
}

function functionProblems(sources: readonly Source[], records: SizeRecords["functions"]): string[] {
  const problems: string[] = [];
  const longest = new Map<string, number>();
  for (const { path, functions } of sources) {
    for (const { name, lines } of functions) {
      if (lines <= FUNCTION_LINES_MAX) continue;
      const key = `${path}#${name}`;
      longest.set(key, Math.max(lines, longest.get(key) ?? 0));
    }
  }
  for (const [key, lines] of longest) {
    const recorded = records[key];
    if (recorded === undefined) problems.push(`${key} has ${lines} lines; the limit is ${FUNCTION_LINES_MAX}`);
    else if (lines > recorded) problems.push(`${key} grew from ${recorded} to ${lines} lines; carry something out`);
    else if (lines < recorded) problems.push(`${key} shrank to ${lines} lines; write that in test/tidy/sizes.ts`);
  }
  for (const key of Object.keys(records)) {
    if (!longest.has(key)) problems.push(`${key} is short now; take it out of test/tidy/sizes.ts`);
  }
  return problems;
}
