/** Every store against the one suite. */
import { MemoryStore } from "../src/store/memory.ts";
import { storeConformance } from "./conformance/store.ts";

storeConformance("memory", { create: async () => new MemoryStore(), reopen: null, clean: async () => {} });
