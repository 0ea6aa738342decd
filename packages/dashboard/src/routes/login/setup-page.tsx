/** Choosing a password by a link: the first user of a server, somebody who was invited, or somebody who forgot it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { followLink, linkQuery, sessionQuery } from "../../api/access.ts";
import type { PasswordLink } from "../../api/records.ts";
import { Note } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Bones, errorLine } from "../../parts/states.tsx";
import { DoorFrame, PasswordField } from "./door-frame.tsx";

export function SetupPage() {
  // Behind the #: what stands there is sent to no server and stands in no log.
  const [link] = useState(() => location.hash.slice(1));
  const facts = useQuery({ ...linkQuery(link), enabled: link !== "" });
  if (link === "" || facts.error !== null) {
    return (
      <DoorFrame title="This link does not work">
        <Note tone="bad">
          {facts.error === null ? "There is nothing behind the # of its address." : errorLine(facts.error)}
        </Note>
        <p className="soft">Copy it once more, whole, or ask for another one.</p>
        <a href="/">Go to the log-in</a>
      </DoorFrame>
    );
  }
  if (facts.data === undefined) {
    return (
      <DoorFrame title="One moment">
        <Bones count={3} />
      </DoorFrame>
    );
  }
  return <SetupForm link={link} facts={facts.data} />;
}

const TITLES: Readonly<Record<PasswordLink["kind"], string>> = {
  first: "Make the first user",
  invited: "Welcome",
  reset: "Choose a new password",
};

function SetupForm({ link, facts }: { readonly link: string; readonly facts: PasswordLink }) {
  const [name, setName] = useState(facts.name ?? "");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const navigate = useNavigate();
  const isFirst = facts.kind === "first";
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => followLink(link, password, isFirst ? name.trim() : null),
    onSuccess: async (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      await navigate({ to: "/", hash: "", replace: true });
    },
  });
  const isReady = password !== "" && name.trim() !== "" && !isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) mutate();
  };
  return (
    <DoorFrame title={TITLES[facts.kind]}>
      <p className="soft">
        {isFirst
          ? "This user may do everything, and invites the others."
          : `You may ${facts.scope}. Choose a password to log in with.`}
      </p>
      <form className="stack" onSubmit={submit}>
        <label className="field">
          <span>Name</span>
          <input
            className="input"
            autoComplete="username"
            required
            readOnly={!isFirst}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <PasswordField label="Password" value={password} onChange={setPassword} autoComplete="new-password" />
        {error !== null && (
          <div role="alert">
            <Note tone="bad">{errorLine(error)}</Note>
          </div>
        )}
        <Button type="submit" look="main" disabled={!isReady}>
          {isPending ? "One moment …" : "Choose it, and log in"}
        </Button>
      </form>
    </DoorFrame>
  );
}
