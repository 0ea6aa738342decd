/** How people reach a server, and its first user, from options and the environment; checked before anything listens. */

import { readFileSync } from "node:fs";
import { errorText } from "../protocol/error-value.ts";
import { StepwellError } from "../protocol/errors.ts";
import { type Environment, setting } from "./settings.ts";

export interface AccessOptions {
  readonly publicUrl?: string;
  readonly trustProxy: boolean;
}

export interface AccessSettings {
  readonly publicUrl: string | null;
  readonly trustProxy: boolean;
  readonly firstAdmin: { readonly name: string; readonly password: string } | null;
}

export function readAccess(options: AccessOptions, env: Environment): AccessSettings {
  return {
    publicUrl: readPublicUrl(setting(options.publicUrl, "PUBLIC_URL", env)),
    trustProxy: options.trustProxy || isYes(setting(undefined, "TRUST_PROXY", env)),
    firstAdmin: readFirstAdmin(env),
  };
}

function isYes(text: string | undefined): boolean {
  return text !== undefined && text !== "0" && text.toLowerCase() !== "false";
}

/** Host and scheme; the server's own paths follow. */
function readPublicUrl(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === null || !isWeb || url.pathname !== "/" || url.search !== "" || url.username !== "") {
    throw new StepwellError("option_invalid", {
      where: "--public-url",
      reason: "it must be an http or https address without a path, such as https://stepwell.example.com",
    });
  }
  return url.origin;
}

function readFirstAdmin(env: Environment): AccessSettings["firstAdmin"] {
  const name = setting(undefined, "ADMIN_NAME", env);
  const file = setting(undefined, "ADMIN_PASSWORD_FILE", env);
  const password = file === undefined ? setting(undefined, "ADMIN_PASSWORD", env) : readPassword(file);
  if (name === undefined && password === undefined) return null;
  if (name !== undefined && password !== undefined) return { name, password };
  const [where, missing] =
    name === undefined ? ["STEPWELL_ADMIN_PASSWORD", "STEPWELL_ADMIN_NAME"] : ["STEPWELL_ADMIN_NAME", "a password"];
  throw new StepwellError("option_invalid", { where, reason: `it needs ${missing} beside it` });
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const reason = errorText(error);
    throw new StepwellError("option_invalid", { where: "STEPWELL_ADMIN_PASSWORD_FILE", reason }, { cause: error });
  }
}
