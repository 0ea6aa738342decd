/** All runs: live, filtered, and what can be done to many of them. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Ban, Check, Columns3, EyeOff, ListTree, Play, RotateCcw, SearchX } from "lucide-react";
import { type CSSProperties, useMemo, useState } from "react";
import type { OperationKind } from "../../api/operations.ts";
import type { RunRow } from "../../api/records.ts";
import { fetchRuns } from "../../api/runs.ts";
import { useLiveList } from "../../api/use-live-list.ts";
import { Button } from "../../parts/button.tsx";
import { DeedButton } from "../../parts/deed-button.tsx";
import { LiveRows } from "../../parts/live-rows.tsx";
import { Menu } from "../../parts/menu.tsx";
import { Empty } from "../../parts/states.tsx";
import { ask } from "../../shell/ask.ts";
import { AllDialog, BulkBar } from "./bulk.tsx";
import { COLUMNS, type Column, gridOf, useColumns } from "./columns.ts";
import { RunFilters } from "./run-filters.tsx";
import { RunListHead, RunListRow } from "./run-row.tsx";
import { filterOf, isFiltered, isSearching, type RunSearch } from "./run-search.ts";
import { useSelection } from "./selection.ts";

const PAGE_MAX = 100;
const NARROW = { "--columns-narrow": "1.4rem minmax(0, 1fr) auto" };

const idOf = (run: RunRow) => run.id;

export function RunsPage() {
  const search = useSearch({ from: "/runs" });
  const [asked, setAsked] = useState<OperationKind | null>(null);
  const selection = useSelection();
  const [columns, toggleColumn] = useColumns();
  const list = useRunList(search);
  const rows = list.state?.rows ?? [];
  const selected = useMemo(() => rows.filter((run) => selection.ids.has(run.id)), [rows, selection.ids]);
  const order = useMemo(() => rows.map(idOf), [rows]);
  const filter = filterOf(search, Date.now());
  return (
    <div className="page" data-fill="" style={{ ...NARROW, "--columns": gridOf(columns) } as CSSProperties}>
      <header className="page-head">
        <h1>Runs</h1>
        <div className="row">
          <span className="wide-only">
            <Menu
              label="Columns"
              items={(Object.keys(COLUMNS) as Column[]).map((column) => ({
                label: COLUMNS[column].label,
                icon: columns.includes(column) ? Check : EyeOff,
                isChecked: columns.includes(column),
                act: () => toggleColumn(column),
              }))}
            >
              <Columns3 size={15} aria-hidden />
              Columns
            </Menu>
          </span>
          <Menu
            label="All runs of this filter"
            items={[
              { label: "Cancel all open …", icon: Ban, deed: "startOperation", act: () => setAsked("cancel") },
              { label: "Replay all ended …", icon: RotateCcw, deed: "startOperation", act: () => setAsked("replay") },
              { label: "Resume all failed …", icon: Play, deed: "startOperation", act: () => setAsked("resume") },
            ]}
          >
            All of these …
          </Menu>
        </div>
      </header>
      <RunFilters search={search} />
      <LiveRows
        list={list}
        idOf={idOf}
        noun="runs"
        label="Runs"
        isHeld={selection.ids.size > 0}
        olderByHand={isSearching(search)}
        header={<RunListHead columns={columns} />}
        empty={<NoRuns search={search} />}
        renderRow={(run) => (
          <RunListRow
            run={run}
            columns={columns}
            isSelected={selection.ids.has(run.id)}
            toggle={(isRange) => selection.toggle(run.id, isRange, order)}
          />
        )}
      />
      <BulkBar runs={selected} onClear={selection.clear} />
      {asked !== null && <AllDialog kind={asked} filter={filter} onClose={() => setAsked(null)} />}
    </div>
  );
}

const SEARCH_GAP_MS = 2_000;

function useRunList(search: RunSearch) {
  return useLiveList<RunRow>({
    key: JSON.stringify(search),
    idOf,
    pageMax: PAGE_MAX,
    fetchPage: (cursor, limit, signal) => fetchRuns(filterOf(search, Date.now()), cursor, limit, signal),
    concerns: (notice) => notice.kind.startsWith("run_"),
    ...(isSearching(search) ? { gapMs: SEARCH_GAP_MS } : {}),
  });
}

function NoRuns({ search }: { readonly search: RunSearch }) {
  const navigate = useNavigate({ from: "/runs" });
  if (!isFiltered(search)) {
    return (
      <Empty icon={ListTree} title="Nothing has run yet">
        <p>A run starts when an event reaches a function, on a schedule, or when you invoke a function yourself.</p>
        <DeedButton deed="sendEventV2" look="main" onClick={() => ask({ kind: "send" })}>
          Send an event
        </DeedButton>
      </Empty>
    );
  }
  return (
    <Empty icon={SearchX} title="No runs fit these filters">
      {isSearching(search) && (
        <p>The newest runs are looked through first, for a limited time; older ones follow when you ask for them.</p>
      )}
      <Button onClick={() => navigate({ search: {}, replace: true })}>Clear filters</Button>
    </Empty>
  );
}
