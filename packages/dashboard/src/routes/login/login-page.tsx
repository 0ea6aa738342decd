/** Logging in. What is behind it appears at the address that was asked for. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { login, sessionQuery } from "../../api/access.ts";
import { Note } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { errorLine } from "../../parts/states.tsx";
import { DoorFrame, PasswordField } from "./door-frame.tsx";

export function LoginPage({ needsSetup }: { readonly needsSetup: boolean }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => login(name.trim(), password),
    onSuccess: (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isPending) mutate();
  };
  return (
    <DoorFrame title="Log in">
      {needsSetup && (
        <Note tone="wait">
          Nobody can log in yet. The server has printed a link when it was started: open it to make the first user.
        </Note>
      )}
      <form className="stack" onSubmit={submit}>
        <label className="field">
          <span>Name</span>
          <input
            className="input"
            autoComplete="username"
            required
            // biome-ignore lint/a11y/noAutofocus: the page is there to write here.
            autoFocus
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <PasswordField label="Password" value={password} onChange={setPassword} autoComplete="current-password" />
        {error !== null && (
          <div role="alert">
            <Note tone="bad">{errorLine(error)}</Note>
          </div>
        )}
        <Button type="submit" look="main" disabled={isPending || name.trim() === "" || password === ""}>
          {isPending ? "Looking …" : "Log in"}
        </Button>
      </form>
    </DoorFrame>
  );
}
