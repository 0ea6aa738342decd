/** Every step kind of the official TypeScript SDK v3. The versions cannot share a process: they share a global. */
import { v3 } from "../apps/v3.ts";
import { describeSteps } from "./steps/suite.ts";
import { v3Only } from "./steps/v3-only.ts";

describeSteps({ sdk: v3, title: "plain", checkpointing: false, hasRaces: true, more: v3Only });
describeSteps({
  sdk: v3,
  title: "optimized parallelism",
  checkpointing: false,
  optimizeParallelism: true,
  hasRaces: false,
});
describeSteps({ sdk: v3, title: "checkpointing", checkpointing: true, hasRaces: false });
