/** `stepwell functions` and `stepwell apps`: what is served, and pausing it. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { AppRecord, FunctionRecord } from "./records.ts";
import type { Environment } from "./settings.ts";
import { table } from "./table.ts";
import type { Colors, Terminal } from "./terminal.ts";
import { relativeText } from "./time-text.ts";

export async function listFunctions(
  options: ClientOptions & { readonly app?: string },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const query = options.app === undefined ? "" : `?app=${encodeURIComponent(options.app)}`;
  const functions = await new ApiClient(options, env).get<readonly FunctionRecord[]>(`/v1/functions${query}`);
  if (options.json) terminal.print(JSON.stringify({ data: functions }));
  else if (functions.length === 0) terminal.print("no functions");
  else {
    const columns = [
      { title: "FUNCTION", isFlexible: true },
      { title: "STATE" },
      { title: "STARTED BY", isFlexible: true },
    ];
    const rows = functions.map((fn) => [fn.slug, stateText(fn, terminal.colors), triggersText(fn)]);
    terminal.print(table(columns, rows, terminal.columns, terminal.colors));
  }
  return EXIT.ok;
}

export async function listApps(options: ClientOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const apps = await new ApiClient(options, env).get<readonly AppRecord[]>("/v1/apps");
  if (options.json) terminal.print(JSON.stringify({ data: apps }));
  else if (apps.length === 0) terminal.print("no apps");
  else {
    const columns = [
      { title: "APP", isFlexible: true },
      { title: "STATE" },
      { title: "FUNCTIONS" },
      { title: "SYNCED" },
      { title: "URL", isFlexible: true },
    ];
    const rows = apps.map((app) => [
      app.name,
      stateText(app, terminal.colors),
      String(app.function_count),
      app.synced_at === null ? "" : relativeText(Date.parse(app.synced_at), terminal.now()),
      app.url,
    ]);
    terminal.print(table(columns, rows, terminal.columns, terminal.colors));
  }
  return EXIT.ok;
}

function stateText({ paused = null, down = null }: Pick<AppRecord, "paused" | "down">, colors: Colors): string {
  if (down !== null) return colors.red("unreachable");
  return paused === null ? colors.green("active") : colors.yellow(`paused (${paused})`);
}

function triggersText({ triggers }: FunctionRecord): string {
  return triggers.map((trigger) => trigger.event ?? `cron ${trigger.cron}`).join(", ");
}

type Target = "functions" | "apps";

const MODES: Readonly<Record<string, string>> = {
  hold: "its events wait",
  skip: "its events leave skipped runs",
  reject: "its events are refused",
};

export async function pause(
  target: Target,
  id: string,
  options: ClientOptions & { readonly mode: string },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { data } = await new ApiClient(options, env).post(`${pathOf(target, id)}/pause`, { mode: options.mode });
  const { yellow, bold, dim } = terminal.colors;
  if (options.json) terminal.print(JSON.stringify(data));
  else
    terminal.print(
      `${yellow("‖")} ${bold(id)} is paused: ${MODES[options.mode]}  ${dim(`stepwell ${target} resume ${id}`)}`,
    );
  return EXIT.ok;
}

export async function resume(
  target: Target,
  id: string,
  options: ClientOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const { data } = await new ApiClient(options, env).post(`${pathOf(target, id)}/resume`, {});
  const { green, bold } = terminal.colors;
  terminal.print(options.json ? JSON.stringify(data) : `${green("▸")} ${bold(id)} goes on`);
  return EXIT.ok;
}

const pathOf = (target: Target, id: string) => `/v1/${target}/${encodeURIComponent(id)}`;
