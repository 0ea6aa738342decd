/**
 * Memory at rest. Loading modules makes much garbage at once, and V8 answers by letting the young generation grow to
 * 32 MB that a server at rest never needs again. So it is kept small while the process starts, and free to grow after.
 * Both flags are hints to the collector: without them everything works, in a little more memory.
 */
import { setFlagsFromString } from "node:v8";

export function keepYoungGenerationSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

export function letYoungGenerationGrow(): void {
  setFlagsFromString("--semi-space-growth-factor=2");
}
