/**
 * Nothing is shown to whoever has to log in first; a server that is open asks nobody. Who is logged in, and what they may
 * do, is looked at again from time to time: somebody else may change it, or end the session.
 */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sessionQuery } from "../../api/access.ts";
import { Bones, Failure } from "../../parts/states.tsx";
import { LoginPage } from "./login-page.tsx";

const POLL_MS = 30_000;

export function SessionGate({ children }: { readonly children: ReactNode }) {
  const session = useQuery({ ...sessionQuery, refetchInterval: POLL_MS, refetchOnWindowFocus: "always" });
  if (session.data === undefined) {
    return (
      <main className="page">
        {session.error === null ? (
          <Bones count={4} />
        ) : (
          <Failure error={session.error} retry={session.refetch} isPage />
        )}
      </main>
    );
  }
  const { login, principal, needs_setup: needsSetup } = session.data;
  return login === "required" && principal === null ? <LoginPage needsSetup={needsSetup} /> : children;
}
