/** The official TypeScript SDK v4, unchanged, against this server. */
import { v4 } from "../apps/v4.ts";
import { describeProduction } from "./production.ts";
import { describeDev } from "./suite.ts";

describeDev(v4, { checkpointing: true, requestVersion: "2" });
describeDev(v4, { checkpointing: false, requestVersion: "2" });
describeProduction(v4);
