/**
 * A failed run is to go on: whether there is room for it among the runs of its keys, and what it takes back.
 *
 *   RT1. It goes by the keys that it was created with, and only by rules that its function still has.
 *   RT2. The place of a singleton is taken back when it is free. An open run that has it keeps it: newer work does not end
 *        for older work that was mended. Where runs wait in turn the run waits behind the one that is under way, and is
 *        refused only where `queue-latest` has another one waiting.
 *   RT3. An idempotency key that became free when the run failed is taken back for what is left of its period. A run that has
 *        got it since does what it is for, or has done it.
 */
import type { FunctionConfig } from "../../protocol/function.ts";
import type { FlowFactKey } from "../batch.ts";
import type { Facts } from "../facts.ts";
import { isEnded, type Run } from "../run/run.ts";
import type { Starter } from "../start-order.ts";

type Keyed = Pick<Run, "functionId" | "flow">;

/** The facts that say who is there now. */
export function returnKeys(run: Keyed, fn: FunctionConfig): FlowFactKey[] {
  return [singletonKey(run, fn), idempotencyKey(run, fn)].filter((key) => key !== null);
}

/** The run that is in the way; null: the run has taken back what was its own. */
export function takeBack(starter: Starter, run: Run, fn: FunctionConfig, facts: Facts): string | null {
  const singleton = singletonKey(run, fn);
  const idempotency = idempotencyKey(run, fn);
  const holder = singleton === null ? null : facts.flow(singleton);
  if (holder !== null && isInTheWay(starter, run, fn, holder)) return holder;
  const other = idempotency === null ? null : facts.flow(idempotency);
  if (other !== null) return other; // RT3
  const take = (key: FlowFactKey, expiresAt: number) => {
    facts.noteFlow(key, run.id);
    starter.batch().flow.push({ ...key, value: run.id, expiresAt });
  };
  if (singleton !== null) take(singleton, Number.MAX_SAFE_INTEGER);
  const until = run.createdAt + (fn.flow.idempotency?.periodMs ?? 0);
  if (idempotency !== null && until > starter.now()) take(idempotency, until);
  return null;
}

/** RT2. */
function isInTheWay(starter: Starter, run: Run, fn: FunctionConfig, holderId: string): boolean {
  const holder = starter.open(holderId);
  if (holder === undefined || holder === run || isEnded(holder)) return false;
  return !waitsInTurn(run, fn) || holder.status === "queued";
}

/** A limit on whole runs keeps it behind the one under way (flow/rules.ts). */
function waitsInTurn({ flow }: Keyed, fn: FunctionConfig): boolean {
  return fn.flow.singleton?.mode.startsWith("queue") === true && keyNames(flow).some((name) => name.startsWith(QUEUE));
}

const QUEUE = "run singleton ";
const keyNames = (flow: Run["flow"]): string[] => Object.keys(flow?.keys ?? {});

/** Where all wait in turn, nobody asks who is the latest. */
function singletonKey(run: Keyed, fn: FunctionConfig): FlowFactKey | null {
  const key = run.flow?.singleton;
  const mode = fn.flow.singleton?.mode;
  if (key === undefined || mode === undefined || (mode === "queue-all" && waitsInTurn(run, fn))) return null;
  return { kind: "singleton", functionId: run.functionId, key };
}

function idempotencyKey({ functionId, flow }: Keyed, fn: FunctionConfig): FlowFactKey | null {
  const key = flow?.idempotency;
  return key === undefined || fn.flow.idempotency === null ? null : { kind: "idempotency", functionId, key };
}
