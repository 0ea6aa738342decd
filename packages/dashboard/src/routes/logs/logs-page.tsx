/** What handlers log, of all runs: searched, and followed live. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ScrollText, SearchX } from "lucide-react";
import { useState } from "react";
import { functionsQuery } from "../../api/apps.ts";
import { fetchLogs } from "../../api/logs.ts";
import type { LogLine } from "../../api/records.ts";
import { useLiveList } from "../../api/use-live-list.ts";
import { Button } from "../../parts/button.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Choice, Typed } from "../../parts/field.tsx";
import { LiveRows } from "../../parts/live-rows.tsx";
import { ScrollRegion } from "../../parts/scroll-region.tsx";
import { Empty } from "../../parts/states.tsx";
import { Exact } from "../../parts/time-text.tsx";
import { useFunctionNames } from "../queue/queue-page.tsx";
import { PERIODS } from "../runs/run-search.ts";
import { LogLineView } from "./log-line.tsx";
import { LEVELS, type LogSearch } from "./log-search.ts";

const PAGE_MAX = 200;
const ROW_PX = 34;
const ROW_PX_NARROW = 56;

const idOf = (line: LogLine) => line.id;

export function LogsPage() {
  const search = useSearch({ from: "/logs" });
  const navigate = useNavigate({ from: "/logs" });
  const set = (change: Partial<LogSearch>) =>
    void navigate({ search: (now: LogSearch) => ({ ...now, ...change }), replace: true });
  const [opened, setOpened] = useState<LogLine | null>(null);
  const [isFollowing, setFollowing] = useState(true);
  const nameOf = useFunctionNames();
  const isSearching = search.text !== undefined;
  const list = useLiveList<LogLine>({
    key: JSON.stringify(search),
    idOf,
    pageMax: PAGE_MAX,
    fetchPage: (cursor, limit, signal) => fetchLogs(filterOf(search), cursor, limit, signal),
    concerns: (notice) => notice.kind === "logs_stored",
    ...(isSearching ? { gapMs: 2_000 } : {}),
  });
  return (
    <div className="page" data-fill="">
      <header className="page-head">
        <h1>Logs</h1>
        <label className="row">
          <input type="checkbox" checked={isFollowing} onChange={(event) => setFollowing(event.target.checked)} />
          Follow
        </label>
      </header>
      <Filters search={search} set={set} />
      <LiveRows
        list={list}
        idOf={idOf}
        noun="lines"
        label="Log lines"
        isHeld={!isFollowing}
        olderByHand={isSearching}
        rowPx={{ wide: ROW_PX, narrow: ROW_PX_NARROW }}
        header={null}
        empty={<NoLines search={search} clear={() => navigate({ search: {}, replace: true })} />}
        renderRow={(line) => (
          <LogLineView
            line={line}
            functionName={line.function_slug === null ? "function" : nameOf(line.function_slug)}
            onOpen={() => setOpened(line)}
          />
        )}
      />
      {opened !== null && <LineDialog line={opened} onClose={() => setOpened(null)} />}
    </div>
  );
}

interface FiltersProps {
  readonly search: LogSearch;
  readonly set: (change: Partial<LogSearch>) => void;
}

function Filters({ search, set }: FiltersProps) {
  const functions = useQuery(functionsQuery).data ?? [];
  return (
    <div className="filters">
      <Typed label="Text" value={search.text ?? ""} placeholder="Part of a line" onChange={(text) => set({ text })} />
      <Choice
        label="Level"
        value={search.level}
        all="All levels"
        options={LEVELS.slice(1).map((level) => [level, level === "error" ? "error" : `${level} and above`])}
        onChoose={(level) => set({ level })}
      />
      <Choice
        label="Function"
        value={search.function}
        all="All functions"
        options={functions.map(({ slug, name }) => [slug, name])}
        onChoose={(value) => set({ function: value })}
      />
      <Choice
        label="Time"
        value={search.since}
        all="Any time"
        options={Object.entries(PERIODS).map(([key, { label }]) => [key, label])}
        onChoose={(since) => set({ since })}
      />
    </div>
  );
}

function filterOf({ text, level, function: fn, since }: LogSearch) {
  const period = since === undefined ? undefined : PERIODS[since];
  const from = period === undefined ? undefined : new Date(Date.now() - period.ms).toISOString();
  return { text, level, function: fn, from };
}

function LineDialog({ line, onClose }: { readonly line: LogLine; readonly onClose: () => void }) {
  return (
    <Dialog title="Log line" onClose={onClose} size="wide">
      <p className="row small soft">
        <Exact at={line.at} />
        <span>{line.level}</span>
        {line.step_name !== null && <span className="tag">{line.step_name}</span>}
        <Link to="/runs/$id" params={{ id: line.run_id }} onClick={onClose}>
          its run
        </Link>
        <CopyButton text={line.message} what="the line" />
      </p>
      <ScrollRegion label="The line" className="json">
        <pre>{line.message}</pre>
      </ScrollRegion>
    </Dialog>
  );
}

function NoLines({ search, clear }: { readonly search: LogSearch; readonly clear: () => void }) {
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  if (isFiltered) {
    return (
      <Empty icon={SearchX} title="No line fits these filters">
        <Button onClick={clear}>Clear filters</Button>
      </Empty>
    );
  }
  return (
    <Empty icon={ScrollText} title="No lines yet">
      <p>
        What functions write to <code>logger</code> arrives here while they run: <code>logger.info("…")</code>.
      </p>
    </Empty>
  );
}
