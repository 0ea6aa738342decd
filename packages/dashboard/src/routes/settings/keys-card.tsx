/** Event keys: made, rotated with a grace, revoked; and the signing keys that the server was started with. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createKey, keysQuery, revokeKey, rotateKey } from "../../api/access.ts";
import type { ApiKey } from "../../api/records.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Choice } from "../../parts/field.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { CardList } from "./card-list.tsx";
import { NameField } from "./fields.tsx";
import { ShownOnce } from "./shown-once.tsx";

type Asked = { readonly kind: "create" } | { readonly kind: "rotate" | "revoke"; readonly key: ApiKey };

export function KeysCard() {
  const keys = useQuery(keysQuery);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <>
      <CardList
        title="Keys"
        query={keys}
        empty="There is no key: whoever reaches the server may send events."
        add={{ label: "New event key", act: () => setAsked({ kind: "create" }) }}
        renderItem={(key) => <KeyLine key={key.id} apiKey={key} ask={(kind) => setAsked({ kind, key })} />}
      />
      {asked !== null && <KeyDialog asked={asked} onSecret={setSecret} onClose={() => setAsked(null)} />}
      {secret !== null && (
        <ShownOnce
          title="The event key"
          what="the key"
          secret={secret}
          text="Only its hash is stored: it is shown this once. Apps send events with it."
          onClose={() => setSecret(null)}
        />
      )}
    </>
  );
}

interface KeyLineProps {
  readonly apiKey: ApiKey;
  readonly ask: (kind: "rotate" | "revoke") => void;
}

function KeyLine({ apiKey: { name, kind, hint, source, expires_at: expiresAt }, ask }: KeyLineProps) {
  return (
    <li className="line">
      <div className="line-main">
        <p className="wrap">
          <strong>{name}</strong> <span className="mono soft small">{`…${hint}`}</span>
        </p>
        <p className="soft small">
          {kind === "signing" ? "signing key" : "event key"}
          {source === "settings" && ", from the settings of the server"}
          {expiresAt !== null && (
            <>
              , ends <Ago at={expiresAt} />
            </>
          )}
        </p>
      </div>
      {source === "settings" ? (
        <Badge tone="calm">settings</Badge>
      ) : (
        <>
          {expiresAt === null && (
            <Button size="small" onClick={() => ask("rotate")}>
              Rotate …
            </Button>
          )}
          <Button size="small" look="danger" onClick={() => ask("revoke")}>
            Revoke …
          </Button>
        </>
      )}
    </li>
  );
}

const GRACES: readonly (readonly [string, string])[] = [
  ["1h", "one hour"],
  ["1d", "one day"],
  ["7d", "seven days"],
  ["0s", "not at all"],
];

interface KeyDialogProps {
  readonly asked: Asked;
  readonly onSecret: (secret: string) => void;
  readonly onClose: () => void;
}

function KeyDialog({ asked, onSecret, onClose }: KeyDialogProps) {
  const [name, setName] = useState("");
  const [grace, setGrace] = useState("1d");
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: keysQuery.queryKey });
  if (asked.kind === "revoke") {
    const revoke = async () => {
      await revokeKey(asked.key.id);
      tellDone(`${asked.key.name} was revoked.`);
      await refresh();
    };
    return (
      <Confirm title={`Revoke ${asked.key.name}`} verb="Revoke" look="danger" act={revoke} onClose={onClose}>
        <p>Whoever sends events with it is refused from now on.</p>
      </Confirm>
    );
  }
  const isNew = asked.kind === "create";
  const make = async () => {
    const { key } = isNew ? await createKey(name.trim()) : await rotateKey(asked.key.id, grace);
    onSecret(key);
    await refresh();
  };
  return (
    <Confirm
      title={isNew ? "New event key" : `Rotate ${asked.key.name}`}
      verb={isNew ? "Make it" : "Rotate"}
      isReady={!isNew || name.trim() !== ""}
      act={make}
      onClose={onClose}
    >
      {isNew ? (
        <NameField value={name} onChange={setName} placeholder="the web shop" />
      ) : (
        <>
          <p>Another key takes its place. Both hold for a while, so that senders can change over.</p>
          <Choice
            label="The old one holds for"
            value={grace}
            all="one day (usual)"
            options={GRACES}
            onChoose={(value) => setGrace(value ?? "1d")}
          />
        </>
      )}
    </Confirm>
  );
}
