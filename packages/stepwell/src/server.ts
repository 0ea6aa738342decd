/** `stepwell/server`: the server inside your own process: `stepwell dev` and `stepwell start` without the command. */
export { createLog, type LogFormat, type LogOptions, type ServerLog } from "./server/log.ts";
export type { ServerOptions } from "./server/options.ts";
export { type RunningServer, startServer } from "./server/server.ts";
export { MemoryStore } from "./store/memory.ts";
export { SqliteStore, type SqliteStoreOptions } from "./store/sqlite.ts";
