/** Settings of commands: the option, else `STEPWELL_*`, else its `INNGEST_*` twin, else a default. Empty is not set. */
import { StepwellError } from "../protocol/errors.ts";
import { shownUrl } from "../server/app-url.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export const PORT_DEFAULT = 8288;
export const URL_DEFAULT = `http://localhost:${PORT_DEFAULT}`;

export function setting(option: string | undefined, name: string, env: Environment): string | undefined {
  return option || env[`STEPWELL_${name}`] || env[`INNGEST_${name}`] || undefined;
}

/** Where the server is, without a slash at the end. `STEPWELL_DEV` may hold an address instead of a yes. */
export function serverUrl(option: string | undefined, env: Environment): string {
  const dev = setting(undefined, "DEV", env);
  const text = setting(option, "BASE_URL", env) ?? (dev !== undefined && /^https?:\/\//.test(dev) ? dev : URL_DEFAULT);
  const url = webUrl(text);
  if (url === null) {
    throw new StepwellError("option_invalid", { where: "--url", reason: `${shownUrl(text)} is not a URL` });
  }
  return url.replace(/\/+$/, "");
}

/**
 * An address, with or without `http://`; null for what is none. Without it, only what looks like an address is taken:
 * a bare word is a slip more often than the name of a machine.
 */
export function webUrl(text: string): string | null {
  if (/^https?:\/\//.test(text)) return URL.canParse(text) ? text : null;
  const host = text.split(/[/?#]/)[0]!.split("@").at(-1)!;
  const isAddress = host.includes(".") || /:\d+$/.test(host) || /^(localhost|\[.*\])$/.test(host);
  return isAddress && URL.canParse(`http://${text}`) ? `http://${text}` : null;
}

/** Every value of a setting that may be given several times, or once with commas between. */
export function settingList(options: readonly string[], name: string, env: Environment): string[] {
  const texts = options.length > 0 ? options : [setting(undefined, name, env) ?? ""];
  const values = texts.flatMap((text) => text.split(","));
  return values.map((text) => text.trim()).filter((text) => text !== "");
}
