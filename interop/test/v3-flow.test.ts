/** Flow control with the official TypeScript SDK v3. */
import { v3 } from "../apps/v3.ts";
import { describeFlow } from "./flow/suite.ts";

describeFlow(v3);
