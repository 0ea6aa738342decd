/**
 * `stepwell/server`: the server inside your own process: `stepwell dev` and `stepwell start` without the command.
 *
 * @example
 * ```ts
 * import { createLog, SqliteStore, startServer } from "stepwell/server";
 * const server = await startServer({
 *   store: new SqliteStore({ path: "stepwell.db" }),
 *   storeLabel: "sqlite stepwell.db",
 *   kind: "dev",
 *   host: "127.0.0.1",
 *   port: 0,
 *   eventKeys: [],
 *   signingKey: null,
 *   signingKeyFallback: null,
 *   log: createLog({ format: "json" }),
 *   appUrls: ["http://127.0.0.1:3000/api/stepwell"],
 *   discover: false,
 *   pollIntervalMs: 5_000,
 *   shutdownGraceMs: 10_000,
 *   onFatal: (error) => {
 *     console.error(error);
 *     process.exitCode = 1;
 *   },
 * });
 * console.log(server.url);
 * await server.stop();
 * ```
 */
export { createLog, type LogFormat, type LogOptions, type ServerLog } from "./server/log.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server/server.ts";
export { MemoryStore } from "./store/memory.ts";
export { SqliteStore, type SqliteStoreOptions } from "./store/sqlite.ts";
