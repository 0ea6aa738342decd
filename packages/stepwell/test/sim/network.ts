/**
 * The way between server and app, with its faults: lost requests, lost and late replies, doubled calls, calls that are
 * given up while the app still works, apps that die in the middle, checkpoints that fail before or after they took effect.
 *
 *   NW1. A call is answered at most once, and only to the life of the server that made it.
 *   NW2. The app goes on with whatever reached it, whoever still listens.
 */
import type { AppTransport, SaveResults } from "../../src/engine/ports.ts";
import { Stepwell } from "../../src/index.ts";
import type { Call } from "../../src/protocol/call.ts";
import { canonicalJson } from "../../src/protocol/json.ts";
import type { Op } from "../../src/protocol/op.ts";
import type { Outcome } from "../../src/protocol/outcome.ts";
import { failedCall } from "../../src/protocol/reply.ts";
import type { HandlerContext } from "../../src/sdk/context.ts";
import { NonRetriableError, RetryAfterError } from "../../src/sdk/errors.ts";
import type { AnyFunction } from "../../src/sdk/function.ts";
import { callInProcess } from "../../src/sdk/in-process.ts";
import { checkCall } from "./outgoing.ts";
import type { StepNode } from "./program.ts";
import { walk } from "./program.ts";
import type { SimFunction } from "./sim-app.ts";
import type { ServerLife } from "./sim-store.ts";
import type { World } from "./world.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

interface StoredAnswer {
  readonly data?: { readonly status_code?: number };
}

/** One execution of a call in the app. */
interface Execution {
  readonly call: Call;
  readonly fn: SimFunction;
  readonly life: ServerLife;
  /** Bodies until the app dies; −1: it does not. */
  bodiesLeft: number;
}

export class Network {
  readonly #world: World;
  readonly #client = new Stepwell({ id: "app", logger: quiet } as ConstructorParameters<typeof Stepwell>[0]);
  readonly #functions = new Map<string, AnyFunction>();
  readonly #outstanding = new Set<string>();
  /** Executions of each step body: the results count them, so a second result is never equal to the first. */
  readonly #executions = new Map<string, number>();
  readonly retryAfter = new Map<string, number | null>();
  /** Runs whose calls met a fault: they may run out of attempts through no fault of their own. */
  readonly hurtRuns = new Map<string, number>();
  /** Set to break the transport on purpose (mutants). */
  mutate: ((call: Call) => Call) | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  transportOf(life: ServerLife): AppTransport {
    return { call: (call, save) => this.#call(life, call, save), close: async () => {} };
  }

  /** True while the server that runs now waits for a call of this slot. */
  isOut(runId: string, slot: string): boolean {
    const { memory, ledger } = this.#world;
    return this.#outstanding.has(keyOfCall(memory, ledger.runs.get(runId)?.notes?.resumes ?? 0, runId, slot));
  }

  #call(life: ServerLife, sent: Call, save: SaveResults): Promise<Outcome> {
    const world = this.#world;
    const { timeline, faults: random, swarm, hasFaults } = world;
    const call = this.mutate === null ? sent : this.mutate(sent);
    const slot = call.target ?? "main";
    // What the server forgot when it loaded again, it may call again (E3), and a run that is resumed after its end, too.
    const lives = `${life.number}.${world.server?.engine.stats.reloads}`;
    const key = keyOfCall(lives, world.ledger.runs.get(call.runId)?.notes?.resumes ?? 0, call.runId, slot);
    world.log(
      `call ${life.number} ${call.runId} ${slot.slice(0, 6)} attempt=${call.attempt} memos=${call.memos.length} generation=${call.generation}`,
    );
    checkCall(world, call);
    world.checkNotPaused(call.functionId, `a call of ${slot} in ${call.runId}`);
    if (this.#outstanding.has(key)) world.fail("R4", `two calls of ${slot} in ${call.runId} at once`);
    this.#outstanding.add(key);
    world.fairness?.callBegins(call.runId, slot);
    world.limits?.callBegins(lives, key, call.runId);
    return new Promise<Outcome>((resolve) => {
      let isAnswered = false;
      const answer = (outcome: Outcome, isFault: boolean) => {
        if (isAnswered || life.isOver) return;
        isAnswered = true;
        this.#outstanding.delete(key);
        world.limits?.callEnds(key);
        world.fairness?.callEnds(call.runId, slot);
        // What a call of before a reload says is not heard.
        if (lives === `${life.number}.${world.server?.engine.stats.reloads}`)
          this.retryAfter.set(`${call.runId} ${slot}`, outcome.retryAfterMs);
        if (isFault) this.hurtRuns.set(call.runId, (this.hurtRuns.get(call.runId) ?? 0) + 1);
        world.log(`reply ${life.number} ${call.runId} ${slot.slice(0, 6)} ${describe(outcome)}`);
        resolve(outcome);
      };
      const happens = (probability: number) => hasFaults && random.chance(probability);
      const latency = () => random.int(0, swarm.callMsMax);
      const giveUp = (afterMs: number, isUnreached = false) =>
        timeline.after(afterMs, () => {
          const failed = failedCall("app_unreachable", { url: call.url, reason: "simulated" }, null);
          answer(isUnreached ? { ...failed, isUnreached } : failed, true);
        });
      if (happens(swarm.requestLost)) {
        // Of the requests that do not arrive, half find nobody to connect to.
        const afterMs = random.int(0, 5_000);
        return void giveUp(afterMs, afterMs % 2 === 0);
      }
      const isReplyLost = happens(swarm.replyLost);
      const dies = happens(swarm.appCrashes);
      if (happens(swarm.callTimesOut)) giveUp(random.int(0, 3_000));
      const deliver = () => {
        const bodiesLeft = dies ? random.int(0, 2) : -1;
        timeline.after(latency(), () => {
          this.#execute(life, call, save, bodiesLeft).then((outcome) => {
            if (isReplyLost) giveUp(random.int(0, 5_000));
            else timeline.after(latency(), () => answer(outcome, false));
          });
        });
      };
      deliver();
      if (happens(swarm.callDoubled)) deliver();
      // A dead app's connection breaks.
      if (dies) giveUp(random.int(0, 60_000));
    });
  }

  async #execute(life: ServerLife, call: Call, save: SaveResults, bodiesLeft: number): Promise<Outcome> {
    const world = this.#world;
    const fn = world.functions.get(call.functionSlug)!;
    const execution: Execution = { call, fn, life, bodiesLeft };
    const handler = (context: HandlerContext) => this.#handle(execution, context);
    const base = this.#functionOf(fn);
    const outcome = await callInProcess(this.#client, { ...base, handler } as AnyFunction, call, {
      save: (ops) => this.#save(execution, ops, save),
      ...(fn.sendsAlong
        ? {}
        : { sendEvents: async (events, seed) => ({ ids: await world.sendFromStep(events, seed) }) }),
      ...(fn.checkpointing === false ? {} : { maxRuntimeMs: fn.checkpointing.maxRuntimeMs }),
    });
    const versioned = { ...outcome, requestVersion: fn.requestVersion };
    if (!fn.isRace || versioned.kind !== "ops") return versioned;
    return { ...versioned, ops: versioned.ops.map((op) => ({ ...op, opts: { ...op.opts, parallelMode: "race" } })) };
  }

  #handle(execution: Execution, context: HandlerContext): Promise<unknown> {
    const world = this.#world;
    const { call, fn } = execution;
    const data = context.event.data as { n?: number } | null;
    // With a buffer the handler runs ahead of what is stored; the user chose so.
    const isExact = fn.checkpointing === false || fn.checkpointing.bufferedSteps === 1;
    return walk(fn.program, {
      step: context.step as never,
      attempt: context.attempt,
      n: data?.n ?? 0,
      indexes: new Map(),
      runId: call.runId,
      body: (node, hash, input) => this.#body(execution, node, hash, input),
      observeAnswer: (hash, answer) => {
        const memo = JSON.parse(world.ledger.memoOf(call.runId, hash) ?? "null") as StoredAnswer | null;
        if (memo?.data?.status_code !== answer)
          world.fail("X3", `the handler of ${call.runId} saw the answer ${answer} for ${hash}, which is not stored`);
      },
      wallNow: () => world.timeline.wall,
      observe: (hash, memo) => {
        if (isExact) world.checkObserved(call, hash, memo);
      },
      observeError: (hash, message) => {
        const memo = world.ledger.memoOf(call.runId, hash);
        if (memo === undefined || JSON.parse(memo)?.error?.message !== message) {
          world.fail("X3", `the handler of ${call.runId} met the error ${message} of ${hash}, stored is ${memo}`);
        }
      },
    });
  }

  async #body(execution: Execution, node: StepNode, hash: string, input: number): Promise<unknown> {
    const world = this.#world;
    const { call } = execution;
    const key = `${call.runId} ${hash}`;
    const count = (this.#executions.get(key) ?? 0) + 1;
    this.#executions.set(key, count);
    if (execution.bodiesLeft === 0) return new Promise(() => {});
    if (execution.bodiesLeft > 0) execution.bodiesLeft--;
    if (world.ledger.runs.get(call.runId) === undefined)
      world.fail("E1", `a body of ${call.runId} runs before the run is stored`);
    world.log(`body ${call.runId} ${node.id} ${hash.slice(0, 6)} #${count}`);
    if (node.bodyMs > 0) await world.timeline.delay(node.bodyMs);
    const fails =
      node.behaviour === "alwaysFails" ||
      node.behaviour === "final" ||
      (node.behaviour !== "value" && count <= node.failures);
    if (!fails) return { id: node.id, count, input };
    // No two steps of the world fail alike: a run that failed says with which of them.
    const message = `boom ${node.id} #${count} of ${call.runId} ${hash.slice(0, 6)}`;
    if (node.behaviour === "final") throw new NonRetriableError(message);
    if (node.behaviour === "retryAfter") throw new RetryAfterError(message, node.retryAfterMs / 1_000);
    throw new Error(message);
  }

  /** Saves results while the call goes on; the way is as long as any other. */
  async #save(execution: Execution, ops: readonly Op[], save: SaveResults): Promise<"saved" | "stale"> {
    const world = this.#world;
    const { timeline, faults: random, swarm } = world;
    await timeline.delay(random.int(0, swarm.callMsMax));
    if (world.hasFaults && random.chance(swarm.checkpointRefused)) throw new Error("the checkpoint did not arrive");
    const answer = swarm.checkpointsOverHttp
      ? await this.#saveOverHttp(execution.call, ops)
      : await Promise.race([save(ops), world.endOf(execution.life)]);
    world.log(`checkpoint ${execution.call.runId} ops=${ops.length} ${answer}`);
    if (answer === "saved") {
      for (const op of ops) {
        if (world.ledger.memoOf(execution.call.runId, op.id) === undefined)
          world.fail(
            "E1",
            `a checkpoint of ${op.displayName} in ${execution.call.runId} is answered before it is stored`,
          );
      }
    }
    await timeline.delay(random.int(0, swarm.callMsMax));
    if (world.hasFaults && random.chance(swarm.checkpointAnswerLost)) throw new Error("the answer did not arrive");
    return answer;
  }

  async #saveOverHttp(call: Call, ops: readonly Op[]): Promise<"saved" | "stale"> {
    const { server } = this.#world;
    if (server === null) throw new Error("no server");
    const { runId, generation } = call;
    const answer = await Promise.race([
      server.engine.saveCheckpoint({ runId, slot: call.target ?? "main", generation, ops }),
      this.#world.endOf(server.life),
    ]);
    if (answer.kind === "saved") return "saved";
    if (answer.code === "stale_dispatch" || answer.code === "not_found") return "stale";
    throw new Error(answer.code);
  }

  #functionOf(fn: SimFunction): AnyFunction {
    let made = this.#functions.get(fn.slug);
    if (made === undefined) {
      const { checkpointing } = fn;
      made = this.#client.createFunction(
        {
          id: fn.slug.slice("app-".length),
          triggers: { event: "user/a" },
          checkpointing: checkpointing === false ? false : { bufferedSteps: checkpointing.bufferedSteps },
        },
        () => null,
      ) as AnyFunction;
      this.#functions.set(fn.slug, made);
    }
    return made;
  }
}

function keyOfCall(memory: string, resumes: number, runId: string, slot: string): string {
  return `${memory}.${resumes} ${runId} ${slot}`;
}

function describe(outcome: Outcome): string {
  if (outcome.kind === "ops") return `ops ${outcome.ops.map((op) => `${op.op}:${op.displayName}`).join(",")}`;
  if (outcome.kind === "returned") return `returned ${outcome.output.length}`;
  return `failed ${canonicalJson(outcome.error.message)}${outcome.noRetry ? " final" : ""}`;
}
