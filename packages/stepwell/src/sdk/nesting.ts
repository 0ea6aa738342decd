/**
 * Knows whether code runs inside the body of a step: for the body itself, which may ask which step it is, and so that a
 * step called within a step is refused instead of waiting forever. Exact where the host has `AsyncLocalStorage`;
 * elsewhere only the synchronous part of a body is seen.
 */

/** The attempt of a step that is running. */
export interface CurrentStep {
  readonly id: string;
  /** From 0. */
  readonly attempt: number;
  /** Fires when the run was cancelled, when the connection of the call broke, and when the step's `timeout` is over. */
  readonly signal: AbortSignal;
}

interface Inside {
  /** The execution the step belongs to: steps of other executions are not nested in it. */
  readonly execution: object;
  readonly step: CurrentStep;
}

interface Storage {
  run<T>(inside: Inside, body: () => T): T;
  getStore(): Inside | undefined;
}

interface HostProcess {
  readonly getBuiltinModule?: (name: string) => { readonly AsyncLocalStorage?: new () => Storage } | undefined;
}

const storage = findStorage() ?? synchronousStorage();

function findStorage(): Storage | null {
  try {
    const host = (globalThis as { process?: HostProcess }).process;
    const Found = host?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
    return Found === undefined ? null : new Found();
  } catch {
    return null; // A host that refuses the module; the fallback sees less but works.
  }
}

function synchronousStorage(): Storage {
  let current: Inside | undefined;
  return {
    run(inside, body) {
      const outer = current;
      current = inside;
      try {
        return body();
      } finally {
        current = outer;
      }
    },
    getStore: () => current,
  };
}

export function insideStep<T>(execution: object, step: CurrentStep, body: () => T): T {
  return storage.run({ execution, step }, body);
}

/** The id of the step of this execution whose body is running, or null. */
export function enclosingStep(execution: object): string | null {
  const inside = storage.getStore();
  return inside !== undefined && inside.execution === execution ? inside.step.id : null;
}

/**
 * The step whose body is running, wherever in the code that asks; null outside of steps. Hosts without
 * `AsyncLocalStorage` know it only until the body's first `await`.
 *
 * @example
 * ```ts
 * import { currentStep, Stepwell } from "stepwell";
 * const client = new Stepwell({ id: "reports" });
 * async function load(url: string) {
 *   const signal = currentStep()?.signal ?? null;
 *   return (await fetch(url, { signal })).text();
 * }
 * client.createFunction({ id: "daily", triggers: { cron: "0 9 * * *" } }, ({ step }) =>
 *   step.run({ id: "load", timeout: "30s" }, load, "https://example.com/report"),
 * );
 * ```
 */
export function currentStep(): CurrentStep | null {
  return storage.getStore()?.step ?? null;
}
