/** Pieces of which the schemas of answers are made. Answers are described by them, and in tests checked against them. */
import { z } from "zod";

export const when = z.string().meta({ format: "date-time" });
export const id = z.string().meta({ description: "A ULID.", pattern: "^[0-7][0-9A-HJKMNP-TV-Z]{25}$" });
export const uuid = z.string().meta({ format: "uuid" });
/** Any JSON value. */
export const anyJson = z.unknown();
export const anyObject = z.record(z.string(), z.unknown());
/** 64-bit numbers travel as texts: a double would round them. */
export const bigNumber = z.string().meta({ pattern: "^\\d+$" });

export const ErrorV1 = z
  .object({
    error: z.string(),
    status: z.number().int(),
    code: z.string().meta({ description: "Stays the same; docs/errors.md has a section for each." }),
    data: anyObject.optional().meta({ description: "Details, and in `fix` what to do." }),
  })
  .meta({ id: "Error" });

export const ErrorV2 = z
  .object({ errors: z.array(z.object({ code: z.string(), message: z.string() })) })
  .meta({ id: "ErrorsV2" });

export const MetadataV1 = z.object({ fetched_at: when, cached_until: when.nullable() }).meta({ id: "Metadata" });

/** Lists end a search that takes long. */
const stoppedAt = when.optional().meta({
  description:
    "The time of a search was over here: what comes after it has not been looked at yet; the cursor goes on there.",
});

/** Of most lists the id of the last row. */
const pageCursor = z.string().nullable().meta({ description: "Of the next page, to be handed back as it is." });

export const PageV1 = z
  .object({ limit: z.number().int(), has_more: z.boolean(), cursor: pageCursor, stopped_at: stoppedAt })
  .meta({ id: "Page" });

export const MetadataV2 = z
  .object({ fetchedAt: when, cachedUntil: when.nullable(), timeRange: anyJson.nullable() })
  .meta({ id: "MetadataV2" });

export const PageV2 = z
  .object({ cursor: id.nullable(), hasMore: z.boolean(), limit: z.number().int(), stoppedAt })
  .meta({ id: "PageV2" });
