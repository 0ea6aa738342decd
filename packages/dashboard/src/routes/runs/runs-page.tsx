/** All runs: live, filtered, and what can be done to many of them. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Ban, ListTree, Play, RotateCcw, SearchX } from "lucide-react";
import { type CSSProperties, useMemo, useState } from "react";
import type { OperationKind } from "../../api/operations.ts";
import type { RunRow } from "../../api/records.ts";
import { fetchRuns } from "../../api/runs.ts";
import { useLiveList } from "../../api/use-live-list.ts";
import { Button } from "../../parts/button.tsx";
import { LiveRows } from "../../parts/live-rows.tsx";
import { Menu } from "../../parts/menu.tsx";
import { Empty } from "../../parts/states.tsx";
import { ask } from "../../shell/ask.ts";
import { AllDialog, BulkBar } from "./bulk.tsx";
import { RunFilters } from "./run-filters.tsx";
import { RunListHead, RunListRow } from "./run-row.tsx";
import { filterOf, isFiltered, type RunSearch } from "./run-search.ts";
import { useSelection } from "./selection.ts";

const PAGE_MAX = 100;
const COLUMNS = {
  "--columns": "1.6rem 8.2rem minmax(0, 1fr) 9rem 5.5rem 5.5rem 4.5rem 5rem",
  "--columns-narrow": "1.4rem minmax(0, 1fr) auto",
} as CSSProperties;

const idOf = (run: RunRow) => run.id;

export function RunsPage() {
  const search = useSearch({ from: "/runs" });
  const [asked, setAsked] = useState<OperationKind | null>(null);
  const selection = useSelection();
  const list = useRunList(search);
  const rows = list.state?.rows ?? [];
  const selected = useMemo(() => rows.filter((run) => selection.ids.has(run.id)), [rows, selection.ids]);
  const order = useMemo(() => rows.map(idOf), [rows]);
  const filter = filterOf(search, Date.now());
  return (
    <div className="page" data-fill="" style={COLUMNS}>
      <header className="page-head">
        <h1>Runs</h1>
        <Menu
          label="All runs of this filter"
          items={[
            { label: "Cancel all open …", icon: Ban, act: () => setAsked("cancel") },
            { label: "Replay all ended …", icon: RotateCcw, act: () => setAsked("replay") },
            { label: "Resume all failed …", icon: Play, act: () => setAsked("resume") },
          ]}
        >
          All of these …
        </Menu>
      </header>
      <RunFilters search={search} />
      <LiveRows
        list={list}
        idOf={idOf}
        noun="runs"
        label="Runs"
        isHeld={selection.ids.size > 0}
        olderByHand={search.text !== undefined}
        header={<RunListHead hasSelection />}
        empty={<NoRuns search={search} />}
        renderRow={(run) => (
          <RunListRow
            run={run}
            selection={{
              isSelected: selection.ids.has(run.id),
              toggle: (isRange) => selection.toggle(run.id, isRange, order),
            }}
          />
        )}
      />
      <BulkBar runs={selected} onClear={selection.clear} />
      {asked !== null && <AllDialog kind={asked} filter={filter} onClose={() => setAsked(null)} />}
    </div>
  );
}

/** The server knows no text yet: it narrows what is loaded. */
function useRunList(search: RunSearch) {
  const { text, ...rest } = search;
  const list = useLiveList<RunRow>({
    key: JSON.stringify(rest),
    idOf,
    pageMax: PAGE_MAX,
    fetchPage: (cursor, limit, signal) => fetchRuns(filterOf(rest, Date.now()), cursor, limit, signal),
    concerns: (notice) => notice.kind.startsWith("run_"),
  });
  return useMemo(() => {
    const { state } = list;
    if (text === undefined || state === null) return list;
    const wanted = text.toLowerCase();
    const fits = ({ id, function: fn, app }: RunRow) =>
      [id, fn.id, fn.name, app.id].some((word) => word.toLowerCase().includes(wanted));
    return { ...list, state: { ...state, rows: state.rows.filter(fits), waiting: state.waiting.filter(fits) } };
  }, [list, text]);
}

function NoRuns({ search }: { readonly search: RunSearch }) {
  const navigate = useNavigate({ from: "/runs" });
  if (!isFiltered(search)) {
    return (
      <Empty icon={ListTree} title="Nothing has run yet">
        <p>A run starts when an event reaches a function, on a schedule, or when you invoke a function yourself.</p>
        <Button look="main" onClick={() => ask({ kind: "send" })}>
          Send an event
        </Button>
      </Empty>
    );
  }
  return (
    <Empty icon={SearchX} title="No runs fit these filters">
      {search.text !== undefined && <p>The text looks through the newest runs only; the other filters look at all.</p>}
      <Button onClick={() => navigate({ search: {}, replace: true })}>Clear filters</Button>
    </Empty>
  );
}
