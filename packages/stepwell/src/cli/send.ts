/** `stepwell send`: events from the command line. */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError } from "commander";
import { StepwellError } from "../protocol/errors.ts";
import { LIMITS } from "../protocol/limits.ts";
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { jsonObject, readText } from "./option-values.ts";
import { safeText } from "./safe-text.ts";
import { type Environment, setting } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface SendOptions extends ClientOptions {
  readonly data?: string;
  readonly dataFile?: string;
  readonly id?: string;
  readonly ts?: number;
  readonly count: number;
  readonly eventKey?: string;
}

/** Any key will do for a development server; it must only not be empty. */
const EVENT_KEY_NONE = "dev";

/** Bodies stay well below the server's limit. */
const BODY_CHARS_MAX = 8 * 1024 * 1024;

export async function send(
  name: string,
  stdin: string | undefined,
  options: SendOptions,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const event = JSON.stringify({ name, data: readData(stdin, options), id: options.id, ts: options.ts });
  const api = new ApiClient(options, env);
  const eventKey = setting(options.eventKey, "EVENT_KEY", env) ?? EVENT_KEY_NONE;
  const ids: string[] = [];
  const perRequest = Math.max(Math.min(LIMITS.eventsPerRequestMax, Math.floor(BODY_CHARS_MAX / event.length)), 1);
  while (ids.length < options.count) {
    const count = Math.min(options.count - ids.length, perRequest);
    const seed = `${terminal.now()},${randomBytes(10).toString("base64")}`;
    ids.push(...(await api.send(eventKey, `[${Array(count).fill(event).join(",")}]`, seed)));
  }
  if (options.json) terminal.print(JSON.stringify({ ids }));
  else tell(name, ids, terminal);
  return EXIT.ok;
}

function readData(stdin: string | undefined, options: SendOptions): Readonly<Record<string, unknown>> {
  const given = [stdin, options.data, options.dataFile].filter((one) => one !== undefined);
  const where = "stepwell send";
  if (given.length > 1) {
    throw new StepwellError("option_invalid", { where, reason: "give the data once: --data, --data-file or -" });
  }
  if (stdin !== undefined && stdin !== "-") {
    throw new StepwellError("option_invalid", { where, reason: `what should ${stdin} be? Data goes into --data` });
  }
  try {
    if (options.data !== undefined && options.data !== "-") return jsonObject(options.data);
    const path = options.dataFile ?? stdin ?? options.data;
    return path === undefined ? {} : jsonObject(readText(path));
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new StepwellError("option_invalid", { where: "the data of the event", reason: lowerFirst(error.message) });
  }
}

/** "Not JSON" becomes part of a sentence; `ENOENT` stays what it is. */
const lowerFirst = (text: string) => text.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase()).replace(/\.$/, "");

/** How many ids are listed before the rest is counted. */
const IDS_SHOWN_MAX = 10;

function tell(name: string, ids: readonly string[], terminal: Terminal): void {
  const { bold, green, dim } = terminal.colors;
  terminal.print(`${green("✓")} sent ${ids.length === 1 ? "" : `${ids.length} × `}${bold(safeText(name))}`);
  for (const id of ids.slice(0, IDS_SHOWN_MAX)) terminal.print(`  ${id}`);
  if (ids.length > IDS_SHOWN_MAX) terminal.print(dim(`  … and ${ids.length - IDS_SHOWN_MAX} more`));
  terminal.print(dim(`  what it started: stepwell events show ${ids[0]}`));
}
