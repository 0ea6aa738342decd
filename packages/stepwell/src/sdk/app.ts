/** An app that is being served: its client and its functions by slug. */
import { StepwellError } from "../protocol/coded-error.ts";
import type { Stepwell } from "./client.ts";
import { env } from "./environment.ts";
import type { AnyFunction, StepwellFunction } from "./function.ts";

/** What the doors serve, and where. */
export interface ServeOptions {
  /** The client that made the functions: its id names the app, its settings say how calls are proven. */
  readonly client: Stepwell;
  /** What is served. A function that is not in the list starts nothing. */
  readonly functions: readonly StepwellFunction<unknown, unknown>[];
  /** Where the server reaches this app, when the request does not tell: `"https://app.example.com"`. */
  readonly serveOrigin?: string;
  /** The path of the endpoint, when the request does not tell: `"/api/stepwell"`. */
  readonly servePath?: string;
  /** Lets unsigned `PUT` requests start a sync in production, as `curl -X PUT` does; off by default. */
  readonly allowUnsignedSync?: boolean;
}

/** An app that is being served. */
export interface App {
  readonly client: Stepwell;
  readonly served: readonly AnyFunction[];
  /** By slug; what handles the ends of runs included. */
  readonly functions: ReadonlyMap<string, AnyFunction>;
  readonly framework: string;
  readonly serveOrigin: string | null;
  readonly servePath: string | null;
  readonly allowUnsignedSync: boolean;
}

export function createApp(options: ServeOptions, framework: string): App {
  checkOptions(options);
  const functions = new Map<string, AnyFunction>();
  for (const fn of options.functions) {
    if (functions.has(fn.slug)) {
      throw new StepwellError("option_invalid", { where: "serve", reason: `two functions have the id ${fn.id}` });
    }
    functions.set(fn.slug, fn);
    for (const hook of fn.hooks) functions.set(hook.slug, hook);
  }
  return {
    client: options.client,
    served: options.functions,
    functions,
    framework,
    serveOrigin: options.serveOrigin ?? env("SERVE_ORIGIN") ?? null,
    servePath: options.servePath ?? env("SERVE_PATH") ?? null,
    allowUnsignedSync: options.allowUnsignedSync ?? false,
  };
}

/** What types would have told: mostly a module that imports itself in a circle, and so is not there yet. */
function checkOptions({ client, functions }: ServeOptions): void {
  const isList = Array.isArray(functions);
  const wrong = isList ? functions.findIndex((fn: AnyFunction | undefined) => fn?.slug === undefined) : -1;
  if (client?.id !== undefined && isList && wrong < 0) return;
  const reason =
    wrong < 0 ? "it needs a `client` and a list of `functions`" : `functions[${wrong}] is no function of a client`;
  throw new StepwellError("option_invalid", { where: "serve", reason });
}
