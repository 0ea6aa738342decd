/**
 * The requests that the server makes for steps, with their faults: lost, late, failing, broken off.
 *
 *   GW1. Every answer is another, so a handler that sees one that is not stored is found out (X3).
 *   GW2. A request is made only for a job that is stored, as the attempt it is, with the secrets that the app gave (E1, RQ1).
 */
import type { RequestOutcome } from "../../src/core/run/request.ts";
import type { Gateway, GatewayRequest, StopSignal } from "../../src/engine/ports.ts";
import { canonicalJson } from "../../src/protocol/json.ts";
import { SECRET } from "./program.ts";
import type { ServerLife } from "./sim-store.ts";
import type { World } from "./world.ts";

const STATUS_MIN = 200;
const STATUSES = 400;

export class SimGateway {
  readonly #world: World;
  readonly #outstanding = new Set<string>();
  readonly #requests = new Map<string, number>();
  /** What each step was answered, as memos. */
  readonly answers = new Map<string, Set<string>>();

  constructor(world: World) {
    this.#world = world;
  }

  of(life: ServerLife): Gateway {
    return { request: (request, signal) => this.#request(life, request, signal), close: async () => {} };
  }

  #request(life: ServerLife, request: GatewayRequest, signal: StopSignal): Promise<RequestOutcome> {
    const world = this.#world;
    const { timeline, faults: random, swarm, hasFaults } = world;
    const { runId, step, attempt } = request;
    const name = `${runId} ${step}`;
    const count = (this.#requests.get(name) ?? 0) + 1;
    this.#requests.set(name, count);
    const lives = `${life.number}.${world.server?.engine.stats.reloads}`;
    const key = `${lives}.${world.ledger.runs.get(runId)?.notes?.resumes ?? 0} ${name}`;
    world.log(`request ${life.number} ${name} attempt=${attempt} #${count}`);
    this.#check(request);
    if (this.#outstanding.has(key)) world.fail("R4", `two requests of ${name} at once`);
    this.#outstanding.add(key);
    return new Promise((resolve) => {
      let isAnswered = false;
      const answer = (outcome: RequestOutcome) => {
        if (isAnswered || life.isOver) return;
        isAnswered = true;
        this.#outstanding.delete(key);
        const retryAfterMs = outcome.kind === "failed" ? outcome.retryAfterMs : null;
        for (const slot of world.slotsOf(runId, step)) world.network.retryAfter.set(`${runId} ${slot}`, retryAfterMs);
        const memo =
          outcome.kind === "done" ? { data: JSON.parse(outcome.data) as unknown } : { error: outcome.error.message };
        this.answers.set(name, (this.answers.get(name) ?? new Set()).add(canonicalJson(memo)));
        world.log(`answer ${life.number} ${name} ${outcome.kind}`);
        resolve(outcome);
      };
      const failed = (noRetry = false) =>
        answer({
          kind: "failed",
          error: { name: "GatewayError", message: `no answer ${name} #${count}`, code: "gateway_failed" },
          noRetry,
          retryAfterMs: random.pick([null, null, 5_000]),
          status: null,
        });
      if (random.chance(0.5)) signal.addEventListener("abort", () => failed());
      const url = String(request.opts["url"]);
      const mustFail = attempt < Number(url.slice(url.lastIndexOf("/") + 1));
      const isLost = hasFaults && random.chance(swarm.replyLost);
      timeline.after(random.int(0, isLost ? 5_000 : swarm.callMsMax), () => {
        if (isLost || mustFail) return failed(hasFaults && random.chance(0.1));
        const data = { status_code: STATUS_MIN + (count % STATUSES), headers: {}, body: "", url };
        answer({ kind: "done", data: canonicalJson(data) });
      });
    });
  }

  /** GW2. */
  #check({ runId, step, attempt, opts }: GatewayRequest): void {
    const world = this.#world;
    const run = world.ledger.runs.get(runId);
    const jobs = world.slotsOf(runId, step).flatMap((slot) => world.ledger.jobs.get(runId)?.get(slot) ?? []);
    if (run?.status !== "running" || !jobs.some((job) => job.kind === "request" && job.attempt === attempt))
      world.fail("E1", `a request of ${step} in ${runId} (attempt ${attempt}), which is not stored`);
    if (run !== undefined) world.checkNotPaused(run.functionId, `a request of ${step} in ${runId}`);
    if (!canonicalJson(opts).includes(SECRET)) world.fail("RQ1", `the request of ${step} in ${runId} lost its secret`);
  }
}
