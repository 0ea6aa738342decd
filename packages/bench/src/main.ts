/** `npm run bench [-- NAME…] [--scale 0.1] [--json]`: answers the questions of this folder and prints machine and numbers. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import type { Answer, Question } from "./question.ts";
import { questions } from "./questions.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log("npm run bench -- [NAME…] [--scale 0.1] [--json]\n");
  for (const { name, question } of questions) console.log(`  ${name.padEnd(14)} ${question}`);
  process.exit(0);
}

/** By its name, or by that of its group: `flow` is all that begin with `flow-`. */
const isNamed = ({ name }: Question, wanted: string): boolean => name === wanted || name.startsWith(`${wanted}-`);
const unknown = positionals.filter((name) => !questions.some((question) => isNamed(question, name)));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}. Run \`npm run bench -- --help\`.`);
  process.exit(2);
}

const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  commit: execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim(),
  at: new Date().toISOString(),
  scale: Number(values.scale),
};
if (!values.json)
  console.log(
    Object.entries(machine)
      .map(([key, value]) => `${key} ${value}`)
      .join(" · "),
  );

const report: { question: string; answers: Answer[] }[] = [];
for (const question of questions.filter(
  (one) => positionals.length === 0 || positionals.some((name) => isNamed(one, name)),
)) {
  report.push({ question: question.name, answers: await ask(question) });
}
if (values.json) console.log(JSON.stringify({ machine, report }, null, 2));
const broken = report.flatMap(({ answers }) => answers).filter((answer) => answer.goal?.holds === false);
process.exit(broken.length > 0 ? 1 : 0);

async function ask(question: Question): Promise<Answer[]> {
  if (!values.json) console.log(`\n${question.name}: ${question.question}`);
  const progress = (text: string) => !values.json && process.stderr.isTTY && process.stderr.write(`\r\x1b[2K  ${text}`);
  const answers = await question.run({ scale: machine.scale, progress });
  progress("");
  if (!values.json) for (const answer of answers) console.log(line(answer));
  return answers;
}

function line({ name, value, unit, goal }: Answer): string {
  const number = Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
  const verdict = goal === null ? "" : `${goal.holds ? "✓" : "✗"} ${goal.text}`;
  return `  ${name.padEnd(52)} ${number.padStart(10)} ${unit.padEnd(10)} ${verdict}`;
}
