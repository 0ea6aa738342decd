/** The cache of answers. What the feed reports is fetched again at once; the rest is looked at when a view opens. */
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./request.ts";

const STALE_MS = 5_000;
const TRIES_MAX = 2;

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // Whoever has to log in is asked to, wherever it shows first.
    onError: (error, query) => {
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== "session") {
        void queryClient.invalidateQueries({ queryKey: ["session"] });
      }
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: STALE_MS,
      // A refusal stays a refusal; a server that is away may come back.
      retry: (count, error) =>
        count < TRIES_MAX && error instanceof ApiError && (error.status === 0 || error.status >= 500),
      retryDelay: 1_000,
    },
  },
});
