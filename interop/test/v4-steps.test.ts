/** Every step kind of the official TypeScript SDK v4. */
import { v4 } from "../apps/v4.ts";
import { describeSteps } from "./steps/suite.ts";
import { v4Only } from "./steps/v4-only.ts";

describeSteps({ sdk: v4, title: "checkpointing", checkpointing: true, hasRaces: true, more: v4Only });
describeSteps({ sdk: v4, title: "no checkpointing", checkpointing: false, hasRaces: true, more: v4Only });

const buffered = { bufferedSteps: 3, maxInterval: "1s" };
describeSteps({ sdk: v4, title: "checkpointing three at once", checkpointing: buffered, hasRaces: true, more: v4Only });
