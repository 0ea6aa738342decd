/** Every store against the one suite. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "../src/store/memory.ts";
import { SqliteStore } from "../src/store/sqlite.ts";
import type { Store } from "../src/store/store.ts";
import { storeConformance } from "./conformance/store.ts";

storeConformance("memory", { create: async () => new MemoryStore(), reopen: null, clean: async () => {} });

const folders: string[] = [];
const paths = new Map<Store, string>();

async function openSqlite(path: string): Promise<Store> {
  const store = new SqliteStore({ path, synchronous: "normal" });
  paths.set(store, path);
  await store.open();
  return store;
}

storeConformance("SQLite", {
  create: () => {
    folders.push(mkdtempSync(join(tmpdir(), "stepwell-store-")));
    return openSqlite(join(folders.at(-1)!, "test.db"));
  },
  reopen: async (store) => {
    await store.close();
    return openSqlite(paths.get(store)!);
  },
  clean: async () => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  },
});
