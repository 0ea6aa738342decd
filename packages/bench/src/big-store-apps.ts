/** The apps and functions of a big store. */
import { NO_FLOW } from "../../stepwell/src/protocol/flow.ts";
import { type AppConfig, type FunctionConfig, NO_TIMEOUTS } from "../../stepwell/src/protocol/function.ts";
import { uuidFromName } from "../../stepwell/src/protocol/hash.ts";

const APP_NAMES = ["shop", "mail", "billing", "search", "reports"];
/** Nobody listens there: what is open in the store stays open. */
const URL = "http://127.0.0.1:9/api/stepwell";

export const FUNCTIONS: readonly FunctionConfig[] = Array.from({ length: 20 }, (_unused, index) => {
  const appId = APP_NAMES[index % APP_NAMES.length]!;
  const slug = `${appId}-function-${index}`;
  return {
    id: uuidFromName(slug),
    slug,
    name: `Function ${index}`,
    appId,
    triggers: [{ kind: "event", event: `${appId}/event.${index}`, expression: null }],
    retries: 4,
    url: `${URL}?fnId=${slug}&stepId=step`,
    cancelOn: [],
    timeouts: NO_TIMEOUTS,
    flow: NO_FLOW,
    raw: {},
  };
});

export const APPS: readonly AppConfig[] = APP_NAMES.map((id) => {
  const functions = FUNCTIONS.filter((fn) => fn.appId === id);
  return { id, url: URL, sdk: "js:v1", framework: "express", version: null, functions };
});

export const RARE = FUNCTIONS[17]!;
export const ALWAYS_FAILS = FUNCTIONS[18]!;
export const PAUSED = FUNCTIONS[19]!;

export const eventNameOf = (fn: FunctionConfig): string => `${fn.appId}/event.${FUNCTIONS.indexOf(fn)}`;

/** Function n has one in n + 2 of what those before it left; the last three have fixed, small shares. */
export function weightedFunction(chance: number): FunctionConfig {
  if (chance < 0.000_2) return RARE;
  if (chance < 0.003) return ALWAYS_FAILS;
  if (chance < 0.005) return PAUSED;
  let share = (chance - 0.005) / 0.995;
  for (let index = 0; index < 16; index++) {
    const own = 1 / (index / 2 + 3);
    if (share < own) return FUNCTIONS[index]!;
    share = (share - own) / (1 - own);
  }
  return FUNCTIONS[16]!;
}
