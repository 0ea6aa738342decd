/** A sync of the server's own: nobody asked for it, and where it changes something it leaves an audit row like any other. */
import type { ServerContext } from "./context.ts";
import type { SyncOutcome } from "./sync.ts";

export async function syncUnasked(
  { syncer, access }: Pick<ServerContext, "syncer" | "access">,
  url: string,
): Promise<SyncOutcome> {
  const outcome = await syncer.sync(url);
  const { appId, isModified } = outcome;
  // Null: the app registered on its own, and its request left the row.
  if (appId !== null && isModified) await access.audit.record("server", { action: "syncApp", target: appId });
  return outcome;
}
