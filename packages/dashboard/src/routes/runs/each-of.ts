/** One deed on several runs, a few at a time. */
import type { Deed as DeedId } from "../../api/deeds.ts";
import type { RunRow } from "../../api/records.ts";

export interface Deed {
  readonly id: DeedId;
  readonly verb: string;
  /** "cancelled": what they are after it. */
  readonly done: string;
  readonly fits: (run: RunRow) => boolean;
  readonly act: (id: string) => Promise<unknown>;
}

const AT_ONCE = 4;

/** How many it was done to; throws the first refusal once all were tried, with how many there were. */
export async function eachOf(runs: readonly RunRow[], { act }: Deed): Promise<number> {
  const left = [...runs];
  const refusals: unknown[] = [];
  const work = async () => {
    for (let run = left.shift(); run !== undefined; run = left.shift()) {
      await act(run.id).catch((error: unknown) => refusals.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (refusals.length === 0) return runs.length;
  const [first] = refusals;
  const reason = first instanceof Error ? first.message : String(first);
  throw new Error(`${refusals.length} of ${runs.length} could not be done: ${reason}`, { cause: first });
}
