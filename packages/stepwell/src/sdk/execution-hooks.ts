/** The middleware hooks an execution calls, gathered once per call; a function without middleware shares one empty set. */
import type { AnyFunction } from "./function.ts";
import { hooksOf, type Middleware } from "./middleware.ts";

const NAMES = [
  "transformFunctionInput",
  "onRunStart",
  "onMemoizationEnd",
  "onRunComplete",
  "onRunError",
  "onStepStart",
  "onStepComplete",
  "onStepError",
  "wrapFunctionHandler",
  "wrapStep",
  "wrapStepHandler",
  "transformStepInput",
] as const;

export type ExecutionHooks = { readonly [Name in (typeof NAMES)[number]]: readonly NonNullable<Middleware[Name]>[] };

/** The hooks around executions of a function. */
export const collectHooks = ({ middleware }: AnyFunction): ExecutionHooks =>
  middleware.length === 0 ? NO_HOOKS : readHooks(middleware);

const readHooks = (middleware: readonly Middleware[]) =>
  Object.fromEntries(NAMES.map((name) => [name, hooksOf(middleware, name)])) as unknown as ExecutionHooks;

const NO_HOOKS = readHooks([]);
