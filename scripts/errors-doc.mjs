/**
 * `npm run docs:errors`: adds a section to docs/errors.md for each code of the catalogue that has none yet, from its
 * message and fix, puts the sections in the catalogue's order and drops those of codes that are gone. What was
 * written by hand into a section stays: "when it happens" is knowledge that the catalogue does not have.
 *
 * Needs a Node that runs TypeScript sources; `npm run` brings it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, say } from "./child.mjs";

const PAGE = join(ROOT, "docs", "errors.md");
const { ERRORS } = await import(join(ROOT, "packages", "stepwell", "src", "protocol", "errors.ts"));

const INTRODUCTION = `# Errors

Every error that stepwell reports has a code. The code is the contract: it stays, while messages may get better. In
HTTP answers it is the field \`code\` of the body; in an application it is \`error.code\` of a \`StepwellError\`
(recognise it by \`code\`, not by \`instanceof\`: two copies of a package may meet). Texts in braces are filled in.

What your own functions throw is not listed here: it is stored with the run, shown, and retried.
`;

const sections = new Map();
const page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "";
for (const part of page.split(/^(?=## )/m)) {
  const code = /^## `(\w+)`/.exec(part)?.[1];
  if (code !== undefined) sections.set(code, part.trimEnd());
}

const added = [];
const texts = Object.entries(ERRORS).map(([code, entry]) => {
  const written = sections.get(code);
  if (written !== undefined) return withFacts(written, entry);
  added.push(code);
  return `## \`${code}\`\n\n${facts(entry)}\n\n${fix(entry)}`;
});
const dropped = [...sections.keys()].filter((code) => !Object.hasOwn(ERRORS, code));

writeFileSync(PAGE, `${INTRODUCTION}\n${texts.join("\n\n")}\n`);
say(
  `docs/errors.md: ${texts.length} codes; added ${added.join(", ") || "none"}; dropped ${dropped.join(", ") || "none"}`,
);

function facts(entry) {
  return `HTTP ${entry.status} · ${entry.message.replaceAll("<", "\\<")}`;
}

function fix(entry) {
  return `**What to do:** ${entry.fix.replaceAll(/<(?=[a-z])/g, "\\<")}`;
}

/** The two lines that repeat the catalogue follow it; the sentences between them are the page's own. */
function withFacts(section, entry) {
  return section.replace(/^HTTP \d+ · .*$/m, () => facts(entry)).replace(/^\*\*What to do:\*\* .*$/m, () => fix(entry));
}
