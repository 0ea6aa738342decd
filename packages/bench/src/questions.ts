/** All benchmarks, in the order in which they run. */
import { feed } from "./feed.ts";
import { backlog, fairness, keys, slots } from "./flow.ts";
import { intake } from "./intake.ts";
import { longRuns, oneAtATime } from "./latency.ts";
import { lists } from "./lists.ts";
import type { Question } from "./question.ts";
import { memoryAtRest, recovery } from "./recovery.ts";
import { sleepers } from "./sleepers.ts";
import { httpThroughput, inProcessThroughput } from "./throughput.ts";
import { waits } from "./waits.ts";

export const questions: readonly Question[] = [
  httpThroughput,
  inProcessThroughput,
  oneAtATime,
  longRuns,
  intake,
  sleepers,
  waits,
  slots,
  keys,
  backlog,
  fairness,
  lists,
  feed,
  recovery,
  memoryAtRest,
];
