/** What a request to pause or resume says. */
import { z } from "zod";

export const pauseBody = z
  .object({
    mode: z.enum(["hold", "skip", "reject"], "must be hold, skip or reject").default("hold").meta({
      description: "What happens to events meanwhile: they wait, they leave skipped runs, or they are refused.",
    }),
  })
  .prefault({});

export const unpauseBody = z.object({}).prefault({});
