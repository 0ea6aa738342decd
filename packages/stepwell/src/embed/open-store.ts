/** The store of an embedded engine, by what the user asked for. */
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
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
  const { SqliteStore } = await import("../store/sqlite.ts");
  return new SqliteStore(choice);
}
