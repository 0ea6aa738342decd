/** Who is logged in, and another password. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changePassword, sessionQuery } from "../../api/access.ts";
import type { Session } from "../../api/records.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { PasswordField } from "../login/door-frame.tsx";

export function Account({ principal }: { readonly principal: NonNullable<Session["principal"]> }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <section className="card" aria-label="You">
      <div className="line body">
        <div className="line-main">
          <strong>{principal.name}</strong> <Badge tone="calm">{principal.scope}</Badge>
        </div>
        <Button onClick={() => setAsking(true)}>Change the password …</Button>
      </div>
      {isAsking && <PasswordDialog onClose={() => setAsking(false)} />}
    </section>
  );
}

function PasswordDialog({ onClose }: { readonly onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  return (
    <Confirm
      title="Change the password"
      verb="Change it"
      isReady={current !== "" && password !== ""}
      act={async () => {
        client.setQueryData(sessionQuery.queryKey, await changePassword(current, password));
        tellDone("The password was changed; every other session has ended.");
      }}
      onClose={onClose}
    >
      <PasswordField label="Present password" value={current} onChange={setCurrent} autoComplete="current-password" />
      <PasswordField label="New password" value={password} onChange={setPassword} autoComplete="new-password" />
    </Confirm>
  );
}
