/** The official TypeScript SDK v3, unchanged, against this server. */
import { v3 } from "../apps/v3.ts";
import { describeProduction } from "./production.ts";
import { describeDev } from "./suite.ts";

describeDev(v3, { checkpointing: false, requestVersion: "1" });
describeProduction(v3);
