/** The middleware hooks an execution calls, gathered once per call; a function without middleware shares one empty set. */
import type { AnyFunction } from "./function.ts";
import { hooksOf } from "./middleware.ts";

const EMPTY_HOOKS = {
  transformFunctionInput: [],
  onRunStart: [],
  onMemoizationEnd: [],
  onRunComplete: [],
  onRunError: [],
  onStepStart: [],
  onStepComplete: [],
  onStepError: [],
  wrapFunctionHandler: [],
  wrapStep: [],
  wrapStepHandler: [],
  transformStepInput: [],
} as unknown as ReturnType<typeof readHooks>;

/** The hooks around executions of a function. */
export function collectHooks(fn: AnyFunction) {
  return fn.middleware.length === 0 ? EMPTY_HOOKS : readHooks(fn);
}

function readHooks({ middleware }: AnyFunction) {
  return {
    transformFunctionInput: hooksOf(middleware, "transformFunctionInput"),
    onRunStart: hooksOf(middleware, "onRunStart"),
    onMemoizationEnd: hooksOf(middleware, "onMemoizationEnd"),
    onRunComplete: hooksOf(middleware, "onRunComplete"),
    onRunError: hooksOf(middleware, "onRunError"),
    onStepStart: hooksOf(middleware, "onStepStart"),
    onStepComplete: hooksOf(middleware, "onStepComplete"),
    onStepError: hooksOf(middleware, "onStepError"),
    wrapFunctionHandler: hooksOf(middleware, "wrapFunctionHandler"),
    wrapStep: hooksOf(middleware, "wrapStep"),
    wrapStepHandler: hooksOf(middleware, "wrapStepHandler"),
    transformStepInput: hooksOf(middleware, "transformStepInput"),
  };
}
