/**
 * Documents that must tell the truth: two lists of the same things are compared in both directions, and a link must lead
 * somewhere.
 */
import { existsSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { ROOT, readText } from "./sources.ts";

/** What one list has and the other lacks, as sentences. */
export function listProblems(
  left: { readonly name: string; readonly items: readonly string[] },
  right: { readonly name: string; readonly items: readonly string[] },
): string[] {
  const lacks = (from: typeof left, to: typeof left): string[] =>
    from.items.filter((item) => !to.items.includes(item)).map((item) => `${to.name} lacks ${item} of ${from.name}`);
  return [...lacks(left, right), ...lacks(right, left)];
}

/** The texts of a page's second-level headings that name one thing in code letters: "## `name`". */
export function codeHeadings(markdown: string): string[] {
  return [...markdown.matchAll(/^## `([^`]+)`/gm)].map((match) => match[1] ?? "");
}

/** "METHOD /path" for each place where a page names a route in code letters, without its query. */
export function routeMentions(markdown: string): string[] {
  const named = markdown.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/[^`\s?]*)[^`]*`/g);
  return [...new Set([...named].map((match) => match[1] ?? ""))];
}

/** "name = number" for each row of a page's tables that begins with a name in code letters and a number. */
export function numberRows(markdown: string): string[] {
  return [...markdown.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)].map(
    (match) => `${match[1]} = ${match[2]?.replaceAll(",", "")}`,
  );
}

/** "command below below" for each row of a page's tables that begins with a command in code letters and those below it. */
export function commandRows(markdown: string): string[] {
  const rows = markdown.matchAll(/^\| `([a-z]+)` \| ([^|]*)\|/gm);
  return [...rows].map((row) =>
    [row[1], ...[...(row[2] ?? "").matchAll(/`([a-z]+)`/g)].map((one) => one[1])].join(" "),
  );
}

/** The names of settings that a source reads from the environment, without their prefix. */
export function variablesOf(text: string): string[] {
  const read = text.matchAll(/\b(?:env\(|setting(?:List)?\([^()]*?, )"([A-Z_]+)"/g);
  return [...read].map((match) => match[1] ?? "");
}

/** "name version" for each package that the tables of a page name with its version. */
export function packageVersions(markdown: string): string[] {
  const rows = markdown.split("\n").filter((line) => line.startsWith("|"));
  return rows.flatMap((row) =>
    [...row.matchAll(/`([@\w/-]+)` (\d+\.\d+\.\d+)/g)].map((match) => `${match[1]} ${match[2]}`),
  );
}

const DECISION_PARTS = ["Context", "Choice", "What gets harder", "Alternatives weighed", "When to revisit"];

/** What a decision record lacks, as sentences. */
export function decisionProblems(path: string, markdown: string): string[] {
  const number = path.split("/").at(-1)?.slice(0, 3) ?? "";
  const missing = DECISION_PARTS.filter((part) => !markdown.includes(`\n**${part}.**`));
  return [
    ...(markdown.startsWith(`# ${number} `) ? [] : [`${path} begins with another number than its name`]),
    ...missing.map((part) => `${path} lacks its part "${part}"`),
  ];
}

/** Every relative link or heading link of a page that leads nowhere, as sentences. */
export function linkProblems(path: string, markdown: string = readText(path)): string[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "");
  const problems: string[] = [];
  for (const match of prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)) {
    const link = match[1] ?? "";
    if (/^[a-z][a-z+.-]*:/.test(link)) continue;
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : posix.join(posix.dirname(path), decodeURIComponent(file));
    if (!existsSync(join(ROOT, target))) problems.push(`${path}: ${link} leads nowhere`);
    else if (anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(anchor)) {
      problems.push(`${path}: ${link} names no heading of ${target}`);
    }
  }
  return problems;
}

/** Anchors as the forges make them: small letters, punctuation gone, spaces to hyphens. */
function anchorsOf(path: string): Set<string> {
  const headings = [...readText(path).matchAll(/^#{1,6} (.+)$/gm)].map((match) => match[1] ?? "");
  return new Set(
    headings.map((heading) =>
      heading
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

export const sizeBytesOf = (path: string): number => statSync(join(ROOT, path)).size;
