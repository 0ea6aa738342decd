/** `stepwell functions` and `stepwell apps`: what is served, and pausing it. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type Listing, printList } from "./listing.ts";
import type { AppRecord, FunctionRecord } from "./records.ts";
import type { Environment } from "./settings.ts";
import type { Colors, Terminal } from "./terminal.ts";
import { relativeText } from "./time-text.ts";

export async function listFunctions(
  options: ClientOptions & { readonly app?: string },
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const query = options.app === undefined ? "" : `?app=${encodeURIComponent(options.app)}`;
  const functions = await new ApiClient(options, env).get<readonly FunctionRecord[]>(`/v1/functions${query}`);
  const { colors } = terminal;
  const listing: Listing<FunctionRecord> = {
    nothing: "no functions",
    columns: [
      { title: "FUNCTION", isFlexible: true, of: (fn) => fn.slug },
      { title: "STATE", of: (fn) => stateText(fn, colors) },
      { title: "STARTED BY", isFlexible: true, of: triggersText },
    ],
  };
  return printList(functions, listing, options, terminal);
}

export async function listApps(options: ClientOptions, terminal: Terminal, env: Environment): Promise<ExitCode> {
  const apps = await new ApiClient(options, env).get<readonly AppRecord[]>("/v1/apps");
  const { colors, now } = terminal;
  const listing: Listing<AppRecord> = {
    nothing: "no apps",
    columns: [
      { title: "APP", isFlexible: true, of: (app) => app.name },
      { title: "STATE", of: (app) => stateText(app, colors) },
      { title: "FUNCTIONS", of: (app) => String(app.function_count) },
      { title: "SYNCED", of: ({ synced_at: at }) => (at === null ? "" : relativeText(Date.parse(at), now())) },
      { title: "URL", isFlexible: true, of: (app) => app.url },
    ],
  };
  return printList(apps, listing, options, terminal);
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
