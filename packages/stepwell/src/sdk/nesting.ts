/**
 * Knows whether code runs inside the body of a step, so that a step called within a step is refused instead of
 * waiting forever. Exact where the host has `AsyncLocalStorage`; elsewhere only the synchronous part of a body is seen.
 */
interface Inside {
  /** The execution the step belongs to: steps of other executions are not nested in it. */
  readonly execution: object;
  readonly stepId: string;
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

export function insideStep<T>(execution: object, stepId: string, body: () => T): T {
  return storage.run({ execution, stepId }, body);
}

/** The id of the step of this execution whose body is running, or null. */
export function enclosingStep(execution: object): string | null {
  const inside = storage.getStore();
  return inside !== undefined && inside.execution === execution ? inside.stepId : null;
}
