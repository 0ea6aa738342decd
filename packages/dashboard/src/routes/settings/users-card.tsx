/** Who may log in, and what each may do. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createUser, createUserLink, deleteUser, setUserScope, usersQuery } from "../../api/access.ts";
import type { Scope, User } from "../../api/records.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { tellDone, tellError } from "../../parts/toast.tsx";
import { CardList } from "./card-list.tsx";
import { NameField, SCOPE_NAMES, ScopeField } from "./fields.tsx";
import { ShownOnce } from "./shown-once.tsx";

export function UsersCard() {
  const users = useQuery(usersQuery);
  const [isMaking, setMaking] = useState(false);
  const [deleted, setDeleted] = useState<User | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: usersQuery.queryKey });
  const showLink = (path: string | null) => setLink(path === null ? null : `${location.origin}${path}`);
  return (
    <>
      <CardList
        title="Users"
        query={users}
        empty="Nobody may log in yet."
        add={{ label: "Invite", act: () => setMaking(true) }}
        renderItem={(user) => (
          <UserLine key={user.id} user={user} refresh={refresh} showLink={showLink} remove={() => setDeleted(user)} />
        )}
      />
      {isMaking && <InviteDialog refresh={refresh} showLink={showLink} onClose={() => setMaking(false)} />}
      {deleted !== null && (
        <Confirm
          title={`Delete ${deleted.name}`}
          verb="Delete"
          look="danger"
          act={async () => {
            await deleteUser(deleted.id);
            tellDone(`${deleted.name} was deleted.`);
            await refresh();
          }}
          onClose={() => setDeleted(null)}
        >
          <p>Sessions and links of this user end. Tokens that the user made go on: revoke them if they should not.</p>
        </Confirm>
      )}
      {link !== null && (
        <ShownOnce
          title="The link"
          what="the link"
          secret={link}
          text="Give it to the user: it works once, for a day, and is shown this once."
          onClose={() => setLink(null)}
        />
      )}
    </>
  );
}

interface UserLineProps {
  readonly user: User;
  readonly refresh: () => Promise<unknown>;
  readonly showLink: (path: string | null) => void;
  readonly remove: () => void;
}

function UserLine({ user, refresh, showLink, remove }: UserLineProps) {
  const { id, name, scope, has_password: hasPassword, signed_in_at: at } = user;
  const change = useMutation({
    mutationFn: (next: Scope) => setUserScope(id, next),
    onSuccess: () => tellDone(`What ${name} may do was changed.`),
    onError: tellError,
    onSettled: refresh,
  });
  const link = useMutation({
    mutationFn: () => createUserLink(id),
    onSuccess: (made) => showLink(made.link),
    onError: tellError,
  });
  return (
    <li className="line user-line">
      <div className="line-main">
        <strong className="wrap">{name}</strong>
        <p className="soft small">
          {!hasPassword && "has not chosen a password yet"}
          {hasPassword && at === null && "has not logged in yet"}
          {hasPassword && at !== null && (
            <>
              logged in <Ago at={at} />
            </>
          )}
        </p>
      </div>
      <select
        className="input scope-select"
        aria-label={`What ${name} may do`}
        value={scope}
        disabled={change.isPending}
        onChange={(event) => change.mutate(event.target.value as Scope)}
      >
        {SCOPE_NAMES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      <Button size="small" onClick={() => link.mutate()} disabled={link.isPending}>
        New password link
      </Button>
      <Button size="small" look="danger" onClick={remove}>
        Delete …
      </Button>
    </li>
  );
}

interface InviteDialogProps {
  readonly refresh: () => Promise<unknown>;
  readonly showLink: (path: string | null) => void;
  readonly onClose: () => void;
}

function InviteDialog({ refresh, showLink, onClose }: InviteDialogProps) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("operate");
  const invite = async () => {
    showLink((await createUser(name.trim(), scope)).link);
    await refresh();
  };
  return (
    <Confirm title="Invite somebody" verb="Invite" isReady={name.trim() !== ""} act={invite} onClose={onClose}>
      <NameField value={name} onChange={setName} placeholder="ada" />
      <ScopeField value={scope} onChange={setScope} />
      <p className="soft small">The answer has a link, by which the user chooses a password.</p>
    </Confirm>
  );
}
