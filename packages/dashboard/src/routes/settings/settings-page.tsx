/** What the server is run with: who may log in, keys, tokens, and who changed what. */
import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../../api/access.ts";
import { useRefusal } from "../../api/deeds.ts";
import { Note } from "../../parts/badge.tsx";
import { Account } from "./account.tsx";
import { AuditCard } from "./audit-card.tsx";
import { KeysCard } from "./keys-card.tsx";
import { RetentionCard } from "./retention-card.tsx";
import { TokensCard } from "./tokens-card.tsx";
import { UsersCard } from "./users-card.tsx";

export function SettingsPage() {
  const session = useQuery(sessionQuery).data;
  const refusalOf = useRefusal();
  const isOpen = session?.login === "none";
  const isAdmin = refusalOf("listKeys") === null;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Settings</h1>
      </header>
      {isOpen && (
        <Note tone="wait">
          This server is open: whoever reaches it may do everything. It is meant for this machine alone;{" "}
          <code>stepwell start</code> asks everybody to log in.
        </Note>
      )}
      {session?.principal?.kind === "session" && <Account principal={session.principal} />}
      {isAdmin ? (
        <>
          <div className="columns">
            <KeysCard />
            <TokensCard />
          </div>
          {!isOpen && <UsersCard />}
          <RetentionCard canChange={refusalOf("setRetention") === null} />
          <AuditCard />
        </>
      ) : (
        <>
          <RetentionCard canChange={false} />
          <p className="soft">Keys, tokens and users are shown to admins.</p>
        </>
      )}
    </div>
  );
}
