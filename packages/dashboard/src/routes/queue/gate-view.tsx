/** A limit in words, with how much of it is taken, and by whom. */
import { Link } from "@tanstack/react-router";
import type { Gate } from "../../api/records.ts";
import { Lasted } from "../../parts/time-text.tsx";

const HOLDERS_SHOWN = 3;

/** An app is a limit too: so many calls to it are out at once. */
export const gateTitle = ({ kind, rule }: Gate): string => (kind === "app" ? `Calls to ${rule}` : rule);

export function GateUse({ gate }: { readonly gate: Gate }) {
  const { limit, holder_count: taken } = gate;
  if (limit === null || gate.kind === "throttle") return null;
  return (
    <span className="row small soft">
      <meter min={0} max={Math.max(limit, 1)} value={Math.min(taken, limit)} aria-label="Places taken">
        {taken}
      </meter>
      <span className="number">{`${taken} of ${limit} taken`}</span>
    </span>
  );
}

export function GateHolders({ gate: { holders, holder_count: count } }: { readonly gate: Gate }) {
  if (holders.length === 0) return null;
  const rest = count - Math.min(holders.length, HOLDERS_SHOWN);
  return (
    <p className="small soft">
      Held by{" "}
      {holders.slice(0, HOLDERS_SHOWN).map(({ run_id: id, since, function_slug: slug }, index) => (
        <span key={`${id} ${since}`}>
          {index > 0 && ", "}
          <Link to="/runs/$id" params={{ id }}>{`run ${id.slice(-8)}`}</Link>
          {slug !== undefined && ` of ${slug}`}, for <Lasted from={since} until={null} />
        </span>
      ))}
      {rest > 0 && `, and ${rest} more`}
    </p>
  );
}
