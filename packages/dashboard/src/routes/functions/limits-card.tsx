/** A function's limits with their use now, and what waits at them, key by key. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useLive } from "../../api/live.ts";
import { functionQueueQuery } from "../../api/stats.ts";
import { Bones, Failure } from "../../parts/states.tsx";
import { Ahead } from "../../parts/time-text.tsx";
import { countOf } from "../../words/number.ts";
import { GateHolders, GateUse, gateTitle } from "../queue/gate-view.tsx";
import { LaneLine } from "../queue/lanes.tsx";

const GAP_MS = 1_000;
const POLL_MS = 5_000;

export function LimitsCard({ slug }: { readonly slug: string }) {
  const queue = useQuery({ ...functionQueueQuery(slug), refetchInterval: POLL_MS });
  const client = useQueryClient();
  useLive(
    ({ kind, function: fn }) => kind.startsWith("run_") && fn === slug,
    () => client.invalidateQueries({ queryKey: ["queue", slug] }),
    GAP_MS,
  );
  const data = queue.data;
  const atLanes = new Set(data?.lanes.map(({ gate }) => gate?.rule));
  const gates = data?.gates.filter(({ rule }) => !atLanes.has(rule)) ?? [];
  return (
    <section className="card" aria-label="Queue and limits">
      <header>
        <h2>Queue and limits</h2>
        {data !== undefined && (
          <span className="soft small push">
            {countOf(data.waiting_starts + data.waiting_calls, "job waits", "jobs wait")}
          </span>
        )}
      </header>
      {queue.error !== null && data === undefined && <Failure error={queue.error} retry={queue.refetch} />}
      {queue.isPending && (
        <div className="body">
          <Bones count={2} />
        </div>
      )}
      {data !== undefined && data.lanes.length === 0 && gates.length === 0 && (
        <p className="body soft">Nothing waits, and no limit is in use.</p>
      )}
      {data !== undefined && (
        <ul className="lines">
          {data.lanes.map((lane) => (
            <LaneLine key={`${lane.phase} ${lane.key}`} lane={lane} />
          ))}
          {gates.map((gate) => (
            <li key={gate.rule} className="line">
              <div className="line-main">
                <p className="wrap">{gateTitle(gate)}</p>
                <GateUse gate={gate} />
                <GateHolders gate={gate} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {data?.next_start_at !== undefined && (
        <p className="body small soft">
          The next run starts <Ahead at={data.next_start_at} />.
        </p>
      )}
    </section>
  );
}
