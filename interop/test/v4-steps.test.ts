/** Every step kind of the official TypeScript SDK v4. */
import { v4 } from "../apps/v4.ts";
import { describeSteps } from "./steps/suite.ts";

describeSteps({ sdk: v4, title: "checkpointing", checkpointing: true, hasRaces: true });
describeSteps({ sdk: v4, title: "no checkpointing", checkpointing: false, hasRaces: true });
