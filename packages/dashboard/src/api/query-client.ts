/** The cache of answers. What the feed reports is fetched again at once; the rest is looked at when a view opens. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError, onRefused } from "./request.ts";

const STALE_MS = 5_000;
const TRIES_MAX = 2;

export const queryClient = new QueryClient({
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

// Whoever has to log in is asked to, wherever it shows first; and who may do less than the page believed sees it.
onRefused(() => void queryClient.invalidateQueries({ queryKey: ["session"] }));
