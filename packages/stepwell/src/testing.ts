/** `stepwell/testing`: run functions in memory, with a clock in your hand. */
import { type CreateTestEngineOptions, TestEngine } from "./embed/test-engine.ts";

export type { SentEvents } from "./embed/embedded-engine.ts";
export type { RunResult } from "./embed/run-result.ts";
export type { CreateTestEngineOptions, TestEngine } from "./embed/test-engine.ts";

/**
 * Starts an engine for a test: in memory, with a clock that moves when you say so, and the same ids every time.
 *
 * @throws `function_config_invalid`, with every problem of every function.
 * @example
 * ```ts
 * import assert from "node:assert";
 * import { Stepwell } from "stepwell";
 * import { createTestEngine } from "stepwell/testing";
 * const client = new Stepwell({ id: "leads" });
 * const followUp = client.createFunction(
 *   { id: "follow-up", triggers: { event: "lead/created" } },
 *   async ({ step }) => {
 *     await step.sleep("wait-3-days", "3d");
 *     return "followed up";
 *   },
 * );
 * const engine = await createTestEngine({ client, functions: [followUp] });
 * const { runIds } = await engine.send({ name: "lead/created" });
 * await engine.advance("3d");
 * const run = await engine.waitForRun(runIds[0] ?? "");
 * assert.equal(run.output, "followed up");
 * await engine.stop();
 * ```
 */
export function createTestEngine(options: CreateTestEngineOptions): Promise<TestEngine> {
  return TestEngine.start(options);
}
