/** The store of an embedded engine, by what the user asked for. */
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { StepwellError } from "../protocol/errors.ts";
import { NODE_NEEDED } from "../protocol/version.ts";
import { MemoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";

/**
 * `"memory"`, gone when the process ends; an SQLite file, made if needed; or a store.
 * `synchronous: "full"` (the default) survives a power cut, `"normal"` the end of the process.
 */
export type StoreChoice = "memory" | { readonly path: string; readonly synchronous?: "full" | "normal" } | Store;

export async function storeOf(choice: StoreChoice): Promise<Store> {
  if (choice === "memory") return new MemoryStore();
  if ("commit" in choice) return choice;
  await mkdir(dirname(resolve(choice.path)), { recursive: true });
  // Loaded only here: whoever stays in memory needs no database.
  const { SqliteStore } = await import("../store/sqlite.ts").catch((cause: unknown) => {
    throw sqliteMissing(cause);
  });
  return new SqliteStore(choice);
}

/** An older Node has no SQLite: said with what is needed. */
export function sqliteMissing(cause: unknown): unknown {
  const { code } = Object(cause) as { readonly code?: unknown };
  if (code !== "ERR_UNKNOWN_BUILTIN_MODULE") return cause;
  return new StepwellError("node_too_old", { needed: NODE_NEEDED, found: process.version }, { cause });
}
