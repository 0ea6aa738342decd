/** Rows by what a client calls them, or `not_found` in the words of the client. */

import { StepwellError } from "../../protocol/errors.ts";
import { DEFAULT_ENV, type StoredEvent } from "../../protocol/event.ts";
import type { AppConfig, FunctionConfig } from "../../protocol/function.ts";
import { isUlid } from "../../protocol/ids.ts";
import type { RunRow } from "../../store/store.ts";
import { appUuid } from "../run-record.ts";
import type { ApiContext } from "./api-engine.ts";

export async function eventOf({ store }: ApiContext, id: string): Promise<StoredEvent> {
  const event = isUlid(id) ? await store.getEvent(DEFAULT_ENV, id) : null;
  if (event === null) throw notFound("Event", id);
  return event;
}

export async function runOf({ store }: ApiContext, id: string): Promise<RunRow> {
  const run = isUlid(id) ? await store.getRun(DEFAULT_ENV, id) : null;
  if (run === null) throw notFound("Run", id);
  return run;
}

/** An app by its name or id, with its active functions. */
export function appOf({ engine }: ApiContext, ref: string): AppConfig {
  const app = engine.apps.list().find((one) => one.id === ref || appUuid(one.id) === ref);
  if (app === undefined) throw notFound("App", ref);
  return app;
}

/** A function that is served now, by its slug or id. */
export function functionOf({ engine }: ApiContext, ref: string): FunctionConfig {
  const fn = engine.apps.find(ref);
  if (fn === undefined) throw notFound("Function", ref);
  return fn;
}

/** A function by its slug or id, also one that is not served any more. */
export function anyFunctionOf({ engine }: ApiContext, ref: string): FunctionConfig {
  const fn = engine.apps.findAny(ref);
  if (fn === undefined) throw notFound("Function", ref);
  return fn;
}

/** A function of an app: by its slug, by its id, or by the id that it has within the app. */
export function functionOfApp(context: ApiContext, appRef: string, ref: string): FunctionConfig {
  const app = appOf(context, appRef);
  const fn = app.functions.find((one) => one.slug === ref || one.id === ref || one.slug === `${app.id}-${ref}`);
  if (fn === undefined) throw notFound("Function", ref);
  return fn;
}

export function notFound(what: string, id: string): StepwellError {
  return new StepwellError("not_found", { what: `${what} ${id.slice(0, 128)}` });
}

/** The members that are there. */
export function defined<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as never;
}
