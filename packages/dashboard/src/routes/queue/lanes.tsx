/** Work that waits, lane by lane: how deep, at which limit, and when it goes on as far as that is known. */
import { Link } from "@tanstack/react-router";
import type { FunctionQueue } from "../../api/records.ts";
import { Ahead, Lasted } from "../../parts/time-text.tsx";
import { countOf } from "../../words/number.ts";
import { GateHolders, GateUse } from "./gate-view.tsx";

type Lane = FunctionQueue["lanes"][number];

interface LaneLineProps {
  readonly lane: Lane;
  /** Absent: the page is about its function. */
  readonly function?: { readonly slug: string; readonly name: string };
}

export function LaneLine({ lane, function: fn }: LaneLineProps) {
  const { key, phase, jobs, gate, next_run_id: next } = lane;
  return (
    <li className="line lane-line">
      <strong className="lane-depth number">{jobs}</strong>
      <div className="line-main">
        <p className="wrap">
          {fn !== undefined && (
            <Link to="/functions/$slug" params={{ slug: fn.slug }} className="ink strong">
              {fn.name}
            </Link>
          )}{" "}
          {key !== "" && <span className="tag">{key}</span>}{" "}
          <span className="soft small">{phase === "start" ? "to start" : "to go on"}</span>
        </p>
        <p className="small wrap">{gate === undefined ? "Waits for its turn." : `Waits at the limit: ${gate.rule}`}</p>
        {gate !== undefined && <GateUse gate={gate} />}
        {gate !== undefined && <GateHolders gate={gate} />}
      </div>
      <div className="lane-when small soft">
        <p>
          for <Lasted from={lane.waiting_since} until={null} />
        </p>
        {lane.expected_at !== undefined && (
          <p>
            goes on <Ahead at={lane.expected_at} />
          </p>
        )}
        <p>
          <Link to="/runs/$id" params={{ id: next }} aria-label={`The next run, ${next}`}>
            the next run
          </Link>
        </p>
      </div>
      <span className="unseen">{countOf(jobs, "job")}</span>
    </li>
  );
}
