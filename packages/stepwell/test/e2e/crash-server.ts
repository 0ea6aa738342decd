/** The server of the crash test: `stepwell start` with a constant delay between attempts, so that the test is short. */
import { createLog } from "../../src/server/log.ts";
import { startServer } from "../../src/server/server.ts";
import { SqliteStore } from "../../src/store/sqlite.ts";

const [path, port, appUrl, signingKey, eventKey] = process.argv.slice(2) as [string, string, string, string, string];
const server = await startServer({
  store: new SqliteStore({ path, synchronous: "full" }),
  storeLabel: path,
  kind: "cloud",
  host: "127.0.0.1",
  port: Number(port),
  eventKeys: [eventKey],
  signingKey,
  signingKeyFallback: null,
  retryIntervalMs: 500,
  log: createLog({ format: "json", level: "warn" }),
  appUrls: [appUrl],
  discover: false,
  pollIntervalMs: null,
  shutdownGraceMs: 10_000,
  onFatal: (error) => {
    console.error(error);
    process.exit(1);
  },
});
process.once("SIGTERM", () => void server.stop());
console.log("up");
