/** What can be changed while the server runs. */
import { queryOptions } from "@tanstack/react-query";
import type { Retention } from "./records.ts";
import { request } from "./request.ts";

const PATH = "/v1/settings/retention";

export const retentionQuery = queryOptions({
  queryKey: ["retention"],
  queryFn: async ({ signal }) => (await request<{ data: Retention }>("GET", PATH, { signal })).data,
});

/** `keep`: `30d` or `forever`; `maxSize`: `10GB` or `none`. What is left out stays as it is. */
export async function setRetention(change: { readonly keep?: string; readonly maxSize?: string }): Promise<Retention> {
  const { keep, maxSize } = change;
  const body = { ...(keep === undefined ? {} : { keep }), ...(maxSize === undefined ? {} : { max_size: maxSize }) };
  return (await request<{ data: Retention }>("PUT", PATH, { body })).data;
}
