/** `stepwell/engine`: the whole engine inside your application. No server, no HTTP; a file or memory holds the runs. */
import { type CreateEngineOptions, EmbeddedEngine } from "./embed/embedded-engine.ts";

export type { Notice } from "./core/batch.ts";
export type { GateFacts, Reason, ReasonCode, RunExplanation } from "./core/explain/explanation.ts";
export type { Random } from "./core/random.ts";
export type { CreateEngineOptions, EmbeddedEngine, SentEvents, WaitOptions } from "./embed/embedded-engine.ts";
export type { StoreChoice } from "./embed/open-store.ts";
export type { RunResult } from "./embed/run-result.ts";
export type { Clock, EngineLog } from "./engine/ports.ts";

/**
 * Starts an engine that calls these functions in this process. Runs that had not ended when the process did carry on.
 *
 * @throws `function_config_invalid`, with every problem of every function; `store_*` when the store cannot be opened.
 * @example
 * ```ts
 * import { Stepwell } from "stepwell";
 * import { createEngine } from "stepwell/engine";
 * const client = new Stepwell({ id: "leads" });
 * const welcome = client.createFunction(
 *   { id: "welcome", triggers: { event: "user/signed-up" } },
 *   async ({ event, step }) => {
 *     await step.sleep("wait-1-day", "1d");
 *     return step.run("send-mail", () => `sent to ${event.data.email}`);
 *   },
 * );
 * const engine = await createEngine({ client, functions: [welcome], store: { path: ".stepwell/app.db" } });
 * const { runIds } = await engine.send({ name: "user/signed-up", data: { email: "ada@example.com" } });
 * console.log(await engine.getRun(runIds[0] ?? ""));
 * await engine.stop();
 * ```
 */
export function createEngine(options: CreateEngineOptions): Promise<EmbeddedEngine> {
  return EmbeddedEngine.start(options);
}
