/** Who changed what, newest first. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { auditQuery } from "../../api/access.ts";
import type { AuditEntry } from "../../api/records.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { CardList } from "./card-list.tsx";

const SHORT = 10;
const LONG = 100;

export function AuditCard() {
  const [limit, setLimit] = useState(SHORT);
  const audit = useQuery({ ...auditQuery(limit), placeholderData: (before) => before });
  return (
    <div className="stack">
      <CardList
        title="Who changed what"
        query={audit}
        empty="Nothing has been changed yet."
        renderItem={(entry) => <AuditLine key={entry.id} entry={entry} />}
      />
      {limit === SHORT && audit.data?.length === SHORT && (
        <p>
          <Button size="small" onClick={() => setLimit(LONG)}>
            Show more
          </Button>
        </p>
      )}
    </div>
  );
}

/** `pauseFunction`, an operation of the API, as words. */
const actionText = (action: string) => action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const kindText = (kind: string) => kind.replaceAll("_", " ");

function AuditLine({ entry: { at, actor, action, target, address, outcome } }: { readonly entry: AuditEntry }) {
  return (
    <li className="line">
      <div className="line-main">
        <p className="wrap">
          <strong>{actor.kind === "open" ? "Anybody" : actor.name === "" ? kindText(actor.kind) : actor.name}</strong>{" "}
          {actionText(action)} <span className="mono small">{target}</span>
        </p>
        <p className="soft small">{`${actor.kind === "open" ? "nobody has to log in here" : kindText(actor.kind)}${address === "" ? "" : `, from ${address}`}`}</p>
      </div>
      {outcome !== "done" && <Badge tone="bad">{kindText(outcome)}</Badge>}
      <span className="soft small line-when">
        <Ago at={at} />
      </span>
    </li>
  );
}
