/** API tokens, for programs: made with what they may do, revoked. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createToken, revokeToken, tokensQuery } from "../../api/access.ts";
import type { Scope, Token } from "../../api/records.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Choice } from "../../parts/field.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { CardList } from "./card-list.tsx";
import { NameField, ScopeField } from "./fields.tsx";
import { ShownOnce } from "./shown-once.tsx";

export function TokensCard() {
  const tokens = useQuery(tokensQuery);
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Token | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey });
  return (
    <>
      <CardList
        title="API tokens"
        query={tokens}
        empty="No token yet. Programs use them for the REST API and the command line."
        add={{ label: "New token", act: () => setMaking(true) }}
        renderItem={(token) => <TokenLine key={token.id} token={token} revoke={() => setRevoked(token)} />}
      />
      {isMaking && <TokenDialog onSecret={setSecret} refresh={refresh} onClose={() => setMaking(false)} />}
      {revoked !== null && (
        <Confirm
          title={`Revoke ${revoked.name}`}
          verb="Revoke"
          look="danger"
          act={async () => {
            await revokeToken(revoked.id);
            tellDone(`${revoked.name} was revoked.`);
            await refresh();
          }}
          onClose={() => setRevoked(null)}
        >
          <p>Programs that use it are refused from now on.</p>
        </Confirm>
      )}
      {secret !== null && (
        <ShownOnce
          title="The API token"
          what="the token"
          secret={secret}
          text="Only its hash is stored: it is shown this once. It goes into the header “Authorization: Bearer …”."
          onClose={() => setSecret(null)}
        />
      )}
    </>
  );
}

function TokenLine({ token, revoke }: { readonly token: Token; readonly revoke: () => void }) {
  const { name, scope, used_at: usedAt, expires_at: expiresAt, created_by: by } = token;
  return (
    <li className="line">
      <div className="line-main">
        <p className="wrap">
          <strong>{name}</strong> <Badge tone="calm">{scope}</Badge>
        </p>
        <p className="soft small">
          {by !== "" && `made by ${by}, `}
          {usedAt === null ? (
            "never used"
          ) : (
            <>
              used <Ago at={usedAt} />
            </>
          )}
          {expiresAt !== null && (
            <>
              , ends <Ago at={expiresAt} />
            </>
          )}
        </p>
      </div>
      <Button size="small" look="danger" onClick={revoke}>
        Revoke …
      </Button>
    </li>
  );
}

const TIMES: readonly (readonly [string, string])[] = [
  ["1d", "one day"],
  ["30d", "30 days"],
  ["90d", "90 days"],
  ["365d", "a year"],
];

interface TokenDialogProps {
  readonly onSecret: (secret: string) => void;
  readonly refresh: () => Promise<unknown>;
  readonly onClose: () => void;
}

function TokenDialog({ onSecret, refresh, onClose }: TokenDialogProps) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("read");
  const [expiresIn, setExpiresIn] = useState<string | undefined>("90d");
  const make = async () => {
    onSecret((await createToken(name.trim(), scope, expiresIn ?? null)).token);
    await refresh();
  };
  return (
    <Confirm title="New API token" verb="Make it" isReady={name.trim() !== ""} act={make} onClose={onClose}>
      <NameField value={name} onChange={setName} placeholder="deployments" />
      <ScopeField value={scope} onChange={setScope} />
      <Choice
        label="It holds for"
        value={expiresIn}
        all="until it is revoked"
        options={TIMES}
        onChoose={setExpiresIn}
      />
    </Confirm>
  );
}
