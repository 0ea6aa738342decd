/** Flow control with the official TypeScript SDK v4. */
import { v4 } from "../apps/v4.ts";
import { describeFlow } from "./flow/suite.ts";

describeFlow(v4);
