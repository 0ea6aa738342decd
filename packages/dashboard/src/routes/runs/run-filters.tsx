/** The filters above the runs list. They live in the address. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { appsQuery, functionsQuery } from "../../api/apps.ts";
import { Button } from "../../parts/button.tsx";
import { Choice, Moment, Typed } from "../../parts/field.tsx";
import { lookOf, RUN_STATUSES } from "../../words/status.ts";
import { isFiltered, PERIODS, type RunSearch, statusesOf } from "./run-search.ts";

const RUN_ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;

const BETWEEN = "between";
const HOUR_MS = 3_600_000;

/** Two moments, rather than a period that ends now. */
const isBetween = ({ since, until }: RunSearch) =>
  until !== undefined || (since !== undefined && PERIODS[since] === undefined);

const anHourAgo = () => new Date(Date.now() - HOUR_MS).toISOString();

interface RunFiltersProps {
  readonly search: RunSearch;
  readonly set: (change: Partial<RunSearch>) => void;
}

export function RunFilters({ search }: { readonly search: RunSearch }) {
  const navigate = useNavigate({ from: "/runs" });
  // On a phone the fields would fill the screen: there they are opened.
  const [isOpen, setOpen] = useState(false);
  const set = (change: Partial<RunSearch>) =>
    void navigate({ search: (now: RunSearch) => ({ ...now, ...change }), replace: true });
  return (
    <div className="stack">
      <div className="chips-row">
        <StatusChips search={search} set={set} />
        <Button size="small" className="narrow-only" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <SlidersHorizontal size={14} aria-hidden />
          Filters
        </Button>
        {isFiltered(search) && (
          <Button look="plain" size="small" onClick={() => navigate({ search: {}, replace: true })}>
            Clear filters
          </Button>
        )}
      </div>
      <div className="filters" data-open={isOpen ? "" : undefined}>
        <Fields search={search} set={set} />
      </div>
    </div>
  );
}

function StatusChips({ search, set }: RunFiltersProps) {
  const chosen = statusesOf(search.status);
  return (
    <fieldset className="chips">
      <legend className="unseen">Status</legend>
      {RUN_STATUSES.map((status) => {
        const isOn = chosen.includes(status);
        const next = isOn ? chosen.filter((one) => one !== status) : [...chosen, status];
        return (
          <button
            key={status}
            type="button"
            className={`chip tone-${lookOf(status).tone}`}
            aria-pressed={isOn}
            onClick={() => set({ status: next.length === 0 ? undefined : next.join(",") })}
          >
            {lookOf(status).word}
          </button>
        );
      })}
    </fieldset>
  );
}

function Fields({ search, set }: RunFiltersProps) {
  const navigate = useNavigate();
  const functions = useQuery(functionsQuery).data ?? [];
  const apps = useQuery(appsQuery).data ?? [];
  const jump = (text: string) => {
    const id = text.trim().toUpperCase();
    if (!RUN_ID.test(id)) return false;
    void navigate({ to: "/runs/$id", params: { id } });
    return true;
  };
  return (
    <>
      <Choice
        label="Function"
        value={search.function}
        all="All functions"
        options={functions.map(({ slug, name }) => [slug, name])}
        onChoose={(value) => set({ function: value })}
      />
      <Choice
        label="App"
        value={search.app}
        all="All apps"
        options={apps.map(({ name }) => [name, name])}
        onChoose={(value) => set({ app: value })}
      />
      <Choice
        label="Queued"
        value={isBetween(search) ? BETWEEN : search.since}
        all="Any time"
        options={[...Object.entries(PERIODS).map(([key, { label }]) => [key, label] as const), [BETWEEN, "Between …"]]}
        onChoose={(value) => set({ since: value === BETWEEN ? anHourAgo() : value, until: undefined })}
      />
      {isBetween(search) && (
        <>
          <Moment label="From" value={search.since} onChange={(since) => set({ since: since ?? anHourAgo() })} />
          <Moment label="Until" value={search.until} onChange={(until) => set({ until })} />
        </>
      )}
      <Typed
        label="Text"
        value={search.text ?? ""}
        placeholder="In ids, names, events, results, errors"
        onChange={(text) => set({ text })}
        onEnter={jump}
      />
      <Typed
        label="Expression"
        value={search.if ?? ""}
        placeholder="event.data.total > 100"
        onChange={(text) => set({ if: text })}
        isCode
      />
    </>
  );
}
