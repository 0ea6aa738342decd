/** Addresses that could not be synced, with what is wrong and what to do. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { appsQuery, syncApp, syncFailuresQuery } from "../../api/apps.ts";
import type { SyncFailure } from "../../api/records.ts";
import { Note } from "../../parts/badge.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { Ago } from "../../parts/time-text.tsx";
import { tellDone, tellError } from "../../parts/toast.tsx";

const POLL_MS = 5_000;

/** `app`: only of this one; absent: all. */
export function SyncFailures({ app }: { readonly app?: { readonly name: string; readonly url: string } }) {
  const failures = useQuery({ ...syncFailuresQuery, refetchInterval: POLL_MS }).data ?? [];
  const shown = failures.filter((one) => app === undefined || one.app === app.name || one.url === app.url);
  return shown.map((failure) => <FailureNote key={failure.url} failure={failure} />);
}

function FailureNote({ failure }: { readonly failure: SyncFailure }) {
  const { url, app, message, fix, count } = failure;
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => syncApp(url),
    onSuccess: () => tellDone(`${app ?? url} was synced.`),
    onError: tellError,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: appsQuery.queryKey }),
        client.invalidateQueries({ queryKey: ["functions"] }),
      ]),
  });
  return (
    <Note tone="bad">
      <div className="row">
        <strong className="wrap">{`${app ?? url} could not be synced.`}</strong>
        <span className="soft small">
          {count > 1 ? `${count} times, last ` : ""}
          <Ago at={failure.last_at} />
        </span>
        <DeedButton
          deed="syncApp"
          size="small"
          className="push"
          onClick={() => again.mutate()}
          disabled={again.isPending}
        >
          {again.isPending ? "Asking the app …" : "Try again"}
        </DeedButton>
      </div>
      <p className="wrap">{message}</p>
      <p className="wrap">{fix}</p>
    </Note>
  );
}
