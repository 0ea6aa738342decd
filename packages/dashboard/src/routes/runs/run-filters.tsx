/** The filters above the runs list. They live in the address. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { appsQuery, functionsQuery } from "../../api/apps.ts";
import { Button } from "../../parts/button.tsx";
import { lookOf, RUN_STATUSES } from "../../words/status.ts";
import { isFiltered, PERIODS, type RunSearch, statusesOf } from "./run-search.ts";

const TYPING_MS = 200;
const RUN_ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;

export function RunFilters({ search }: { readonly search: RunSearch }) {
  const navigate = useNavigate({ from: "/runs" });
  const set = (change: Partial<RunSearch>) =>
    navigate({ search: (now: RunSearch) => ({ ...now, ...change }), replace: true });
  const functions = useQuery(functionsQuery).data ?? [];
  const apps = useQuery(appsQuery).data ?? [];
  const chosen = statusesOf(search.status);
  return (
    <div className="stack">
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
        {isFiltered(search) && (
          <Button look="plain" size="small" onClick={() => navigate({ search: {}, replace: true })}>
            Clear filters
          </Button>
        )}
      </fieldset>
      <div className="filters">
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
          value={search.since}
          all="Any time"
          options={Object.entries(PERIODS).map(([key, { label }]) => [key, label])}
          onChoose={(value) => set({ since: value })}
        />
        <TextFilter text={search.text ?? ""} onChange={(text) => set({ text })} />
      </div>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly all: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChoose: (value: string | undefined) => void;
}

function Choice({ label, value, all, options, onChoose }: ChoiceProps) {
  const isKnown = value === undefined || options.some(([key]) => key === value);
  return (
    <label className="field">
      <span>{label}</span>
      <select
        className="input"
        value={value ?? ""}
        onChange={(event) => onChoose(event.target.value === "" ? undefined : event.target.value)}
      >
        <option value="">{all}</option>
        {!isKnown && <option value={value}>{value}</option>}
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The id of a run leads to the run; other text narrows the rows that are loaded. */
function TextFilter({ text, onChange }: { readonly text: string; readonly onChange: (text?: string) => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait.
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => onChange(typed === "" ? undefined : typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const jump = () => {
    const id = typed.trim().toUpperCase();
    if (RUN_ID.test(id)) void navigate({ to: "/runs/$id", params: { id } });
  };
  return (
    <label className="field" data-grow="">
      <span>Text</span>
      <input
        className="input"
        type="search"
        value={typed}
        placeholder="Part of a name, or a run's id"
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && jump()}
      />
    </label>
  );
}
