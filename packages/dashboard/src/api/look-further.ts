/**
 * A page of a search may be empty and not the last: the server looks for a limited time a page. This goes on looking until
 * something is found, all has been looked at, or it has taken as long as somebody likes to wait.
 */
import type { Page } from "./records.ts";

type FetchPage<Row> = (cursor: string | null) => Promise<Page<Row>>;

const MS_MAX = 2_000;

export async function lookFurther<Row>(
  fetchPage: FetchPage<Row>,
  cursor: string | null,
  now: () => number = () => performance.now(),
): Promise<Page<Row>> {
  const endAt = now() + MS_MAX;
  let page = await fetchPage(cursor);
  while (page.rows.length === 0 && page.cursor !== null && now() < endAt) page = await fetchPage(page.cursor);
  return page;
}
