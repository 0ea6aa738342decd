/**
 * `stepwell init`: a small app to begin with.
 *
 *   IN1. Nothing is overwritten: the folder is new, or holds nothing but version control.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { StepwellError } from "../protocol/errors.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { FRAMEWORKS, type Framework } from "./program.ts";
import { helloCommand, scaffold } from "./scaffold/scaffold.ts";
import type { Terminal } from "./terminal.ts";

export interface InitOptions {
  readonly framework?: Framework;
  readonly language: "ts";
  readonly yes: boolean;
  readonly json: boolean;
}

interface Answers {
  readonly folder: string;
  readonly framework: Framework;
}

const FOLDER_DEFAULT = "my-app";
const FRAMEWORK_DEFAULT: Framework = "fastify";
/** What a folder may hold and still count as empty. */
const IGNORED: ReadonlySet<string> = new Set([".git", ".gitkeep", ".DS_Store"]);

export async function init(folder: string | undefined, options: InitOptions, terminal: Terminal): Promise<ExitCode> {
  const isAsking = terminal.isTty && process.stdin.isTTY === true && !options.yes && !options.json;
  const answers = isAsking
    ? await ask(folder, options)
    : { folder: folder ?? FOLDER_DEFAULT, framework: options.framework ?? FRAMEWORK_DEFAULT };
  if (answers === null) return EXIT.usage;
  const target = resolve(answers.folder);
  refuseFull(target);
  const files = scaffold(appIdOf(target), answers.framework);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text, { flag: "wx" }); // IN1
  }
  tell(target, answers.framework, Object.keys(files), options, terminal);
  return EXIT.ok;
}

/** Null: the user changed their mind. */
async function ask(folder: string | undefined, options: InitOptions): Promise<Answers | null> {
  const { cancel, intro, isCancel, select, text } = await import("@clack/prompts");
  intro("stepwell init");
  const where =
    folder ?? (await text({ message: "Where?", placeholder: FOLDER_DEFAULT, defaultValue: FOLDER_DEFAULT }));
  if (isCancel(where)) return gone(cancel);
  const framework =
    options.framework ??
    (await select({
      message: "What serves it?",
      options: FRAMEWORKS.map((value) => ({ value, label: value })),
      initialValue: FRAMEWORK_DEFAULT,
    }));
  return isCancel(framework) ? gone(cancel) : { folder: where, framework };
}

function gone(cancel: (message: string) => void): null {
  cancel("Nothing was written.");
  return null;
}

function refuseFull(target: string): void {
  if (existsSync(target) && readdirSync(target).some((name) => !IGNORED.has(name))) {
    throw new StepwellError("folder_not_empty", { path: target });
  }
}

/** The name of the folder as the id of an app, which is a package name too. */
function appIdOf(target: string): string {
  const id = basename(target)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return id === "" ? FOLDER_DEFAULT : id;
}

function tell(
  target: string,
  framework: Framework,
  files: readonly string[],
  options: InitOptions,
  terminal: Terminal,
): void {
  if (options.json) {
    terminal.print(JSON.stringify({ folder: target, framework, files }));
    return;
  }
  const { bold, dim, green } = terminal.colors;
  const folder = relative(process.cwd(), target) || ".";
  terminal.print(`${green("✓")} ${files.length} files in ${bold(folder)} (${framework})

Next:
${folder === "." ? "" : `  cd ${folder}\n`}  npm install
  npm run dev        ${dim("# the app, on port 3000")}
  npm run stepwell   ${dim("# in a second terminal: the server, on port 8288")}
  ${helloCommand(framework)}
  npx stepwell runs`);
}
