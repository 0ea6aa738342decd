/** A card with a list that is fetched: its states, and a button that adds to it. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "../../parts/button.tsx";
import { Bones, Failure } from "../../parts/states.tsx";

interface CardListProps<Item> {
  readonly title: string;
  readonly query: UseQueryResult<readonly Item[]>;
  readonly empty: string;
  readonly add?: { readonly label: string; readonly act: () => void };
  readonly renderItem: (item: Item) => ReactNode;
}

export function CardList<Item>({ title, query, empty, add, renderItem }: CardListProps<Item>) {
  return (
    <section className="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {add !== undefined && (
          <Button size="small" className="push" onClick={add.act}>
            <Plus size={14} aria-hidden />
            {add.label}
          </Button>
        )}
      </header>
      {query.error !== null && query.data === undefined && <Failure error={query.error} retry={query.refetch} />}
      {query.isPending && (
        <div className="body">
          <Bones count={3} />
        </div>
      )}
      {query.data?.length === 0 && <p className="body soft">{empty}</p>}
      {query.data !== undefined && query.data.length > 0 && <ul className="lines">{query.data.map(renderItem)}</ul>}
    </section>
  );
}
