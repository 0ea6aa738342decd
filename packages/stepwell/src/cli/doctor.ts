/**
 * `stepwell doctor`: looks for what is wrong with a store, and mends it with `--fix`. Of a store that a server holds the
 * server is asked, and nothing is mended.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isStepwellError, StepwellError } from "../protocol/errors.ts";
import { check, mend } from "../server/doctor/mend.ts";
import type { DoctorReport } from "../server/doctor/report.ts";
import { explainRecord } from "../server/explain-record.ts";
import { SqliteStore } from "../store/sqlite.ts";
import { ApiClient, type ClientOptions } from "./api.ts";
import { DATA_DIR_DEFAULT } from "./data-dir.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Environment } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface DoctorOptions extends ClientOptions {
  readonly dataDir?: string;
  readonly fix: boolean;
}

/** As the server answers it, and as it is told. */
interface ReportRecord {
  readonly is_healthy: boolean;
  readonly looked: Readonly<Record<string, number>>;
  readonly findings: readonly {
    readonly code: string;
    readonly title: string;
    readonly is_note: boolean;
    readonly count: number;
    readonly examples: readonly string[];
    readonly repairs: Readonly<Record<string, number>>;
  }[];
}

export async function doctor(options: DoctorOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const path = join(resolve(options.dataDir ?? DATA_DIR_DEFAULT), "stepwell.db");
  if (options.dataDir !== undefined && !existsSync(path)) {
    throw new StepwellError("option_invalid", { where: "--data-dir", reason: `there is no store at ${path}` });
  }
  if (options.url !== undefined || !existsSync(path)) return askServer(path, options, terminal, env);
  const store = new SqliteStore({ path });
  try {
    await store.open();
  } catch (error) {
    const isHeld = isStepwellError(error) && error.code === "store_locked";
    if (!isHeld || options.fix) throw error;
    terminal.complain(`${path} is held by a server, which is asked`);
    return askServer(path, options, terminal, env);
  }
  try {
    return await (options.fix ? fix(store, path, options, terminal) : look(store, path, options, terminal));
  } finally {
    await store.close();
  }
}

async function askServer(
  path: string,
  options: DoctorOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  if (options.fix) {
    const reason = existsSync(path) ? "mending needs the store itself, not a server" : `there is no store at ${path}`;
    throw new StepwellError("option_invalid", { where: "--fix", reason });
  }
  const api = new ApiClient(options, env);
  return tell(await api.get<ReportRecord>("/v1/doctor"), `the store of ${api.url}`, options, terminal);
}

async function look(store: SqliteStore, path: string, options: DoctorOptions, terminal: Terminal): Promise<ExitCode> {
  return tell(recordOf(await check(store, terminal.now())), path, options, terminal);
}

async function fix(store: SqliteStore, path: string, options: DoctorOptions, terminal: Terminal): Promise<ExitCode> {
  const now = terminal.now();
  const logPath = `${path}.doctor-${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}.jsonl`;
  const planned = (report: DoctorReport) => {
    if (options.json) return;
    terminal.print(reportLines(recordOf(report), path, terminal).join("\n"));
    terminal.print(`the plan is in ${logPath}`);
  };
  const { before, after, repairs } = await mend({ store, now, logPath, planned });
  if (options.json) {
    const log = repairs === 0 ? null : logPath;
    terminal.print(JSON.stringify({ before: recordOf(before), repairs, log, after: recordOf(after) }));
  } else if (repairs === 0) tell(recordOf(after), path, options, terminal);
  else {
    terminal.print(`${repairs.toLocaleString("en-US")} repairs done; afterwards:`);
    terminal.print(reportLines(recordOf(after), path, terminal).join("\n"));
  }
  return after.isHealthy ? EXIT.ok : EXIT.failed;
}

const recordOf = (report: DoctorReport): ReportRecord => explainRecord(report) as unknown as ReportRecord;

function tell(report: ReportRecord, where: string, options: DoctorOptions, terminal: Terminal): ExitCode {
  terminal.print(options.json ? JSON.stringify(report) : reportLines(report, where, terminal).join("\n"));
  return report.is_healthy ? EXIT.ok : EXIT.failed;
}

function reportLines(report: ReportRecord, where: string, { colors }: Terminal): string[] {
  const looked = Object.entries(report.looked).filter(([, rows]) => rows > 0);
  const rows = looked.map(([what, count]) => `${count.toLocaleString("en-US")} ${what.replaceAll("_", " ")}`);
  const lines = [colors.dim(`looked at ${rows.length === 0 ? "nothing: it is empty" : rows.join(", ")}`)];
  for (const { code, title, is_note: isNote, count, examples, repairs } of report.findings) {
    const mark = isNote ? colors.dim("–") : colors.red("✗");
    lines.push(`${mark} ${count.toLocaleString("en-US")} ${title}  ${colors.dim(code)}`);
    for (const example of examples) lines.push(`    ${example}`);
    if (count > examples.length)
      lines.push(colors.dim(`    and ${(count - examples.length).toLocaleString("en-US")} more`));
    const plan = Object.entries(repairs).map(([action, times]) => `${action} × ${times.toLocaleString("en-US")}`);
    if (plan.length > 0) lines.push(colors.dim(`    --fix: ${plan.join(", ")}`));
  }
  lines.push(report.is_healthy ? `${colors.green("✓")} ${where} is sound` : `${colors.red("✗")} ${where} is damaged`);
  return lines;
}
