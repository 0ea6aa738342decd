/**
 * Work on many runs in the background: cancelling, replaying or resuming all that a filter names.
 *
 *   OP1. An operation is stored before it does anything, and goes on after a restart where it was.
 *   OP2. Runs that did not exist when it began are never part of it, those that it starts itself included.
 *   OP3. Whoever asks is told what is stored.
 */

import { StepwellError } from "../../protocol/errors.ts";
import { DEFAULT_ENV } from "../../protocol/event.ts";
import type { IdSource } from "../../protocol/ids.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Store } from "../../store/store.ts";
import { type OperationFilter, type OperationKind, resolveFilter } from "./filter.ts";
import { newOperation, type Operation, operationOfRow, operationRow } from "./operation.ts";
import { Runner, type RunnerPorts } from "./runner.ts";
import { countRuns, type RunCount } from "./scan.ts";

export interface OperationsPorts extends RunnerPorts {
  readonly store: Pick<
    Store,
    "listRuns" | "searchRuns" | "countRuns" | "loadRegistry" | "loadOpenOperations" | "getOperation" | "listOperations"
  >;
  readonly ids: IdSource;
}

export interface OperationRequest {
  readonly kind: OperationKind;
  readonly filter: OperationFilter;
  /** How many runs a second at most; null: as many as possible. */
  readonly perSecond: number | null;
}

export interface Operations {
  /** Goes on with what was under way. The engine must have been started. */
  resume(): Promise<void>;
  /** How many runs it would be about. */
  preview(request: Pick<OperationRequest, "kind" | "filter">): Promise<RunCount>;
  start(request: OperationRequest): Promise<Operation>;
  /** The operation as it is afterwards: cancelled, unless its end was quicker. */
  cancel(id: string): Promise<Operation>;
  get(id: string): Promise<Operation | null>;
  /** Newest first, with ids smaller than `before`. */
  list(limit: number, before?: string): Promise<Operation[]>;
  /** Lets go of what is under way; it is resumed by the next start. The engine must still be there. */
  stop(): Promise<void>;
}

export function createOperations(ports: OperationsPorts): Operations {
  const { engine, store, clock, ids } = ports;
  const runners = new Map<string, Runner>();
  let starting = 0;
  let isStopped = false;

  const run = (operation: Operation) => {
    if (isStopped) return;
    const runner = new Runner(ports, operation);
    runners.set(operation.id, runner);
    void runner.ended.then(() => runners.delete(operation.id));
  };
  const begin = async ({ kind, filter, perSecond }: OperationRequest): Promise<Operation> => {
    const choice = await resolveFilter(kind, filter, store);
    const [newest] = await store.listRuns({ env: DEFAULT_ENV, limit: 1 });
    const createdAt = clock.now();
    const facts = { id: ids.next(createdAt), kind, createdAt, filter, choice, perSecond };
    const operation = newOperation(facts, newest?.id ?? null);
    await engine.putOperation(operationRow(operation)); // OP1
    run(operation);
    return operation;
  };
  const get = async (id: string): Promise<Operation | null> => {
    const row = await store.getOperation(id);
    return row === null ? null : operationOfRow(row);
  };

  return {
    async resume() {
      for (const row of await store.loadOpenOperations()) run(operationOfRow(row));
    },
    async preview({ kind, filter }) {
      return countRuns(ports, await resolveFilter(kind, filter, store), null);
    },
    async start(request) {
      if (runners.size + starting >= LIMITS.operationsOpenMax) {
        throw new StepwellError("too_many_operations", { limit: LIMITS.operationsOpenMax });
      }
      starting++;
      try {
        return await begin(request);
      } finally {
        starting--;
      }
    },
    async cancel(id) {
      const ended = await runners.get(id)?.cancel();
      if (ended !== undefined && ended.status !== "running") return ended;
      const operation = await get(id);
      if (operation === null) throw new StepwellError("not_found", { what: `Operation ${id.slice(0, 64)}` });
      // Running without a runner: this process is about to end.
      if (operation.status === "running") throw new StepwellError("server_stopping");
      throw new StepwellError("operation_ended", { operation: id, status: operation.status });
    },
    get,
    list: async (limit, before) => (await store.listOperations(limit, before)).map(operationOfRow),
    async stop() {
      isStopped = true;
      await Promise.all([...runners.values()].map((runner) => runner.stop()));
    },
  };
}
