/** Floors: what this machine does without us, measured in the same run as the thing that is compared with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Pool } from "undici";
import { start } from "./process.ts";

const BODY = JSON.stringify({
  ctx: { run_id: "0".repeat(26), attempt: 0 },
  event: { data: { text: "x".repeat(700) } },
  steps: {},
});

/** Raw loopback HTTP round trips per second: client and server in their own processes, `inFlight` at a time. */
export async function httpRoundTripsPerSecond(seconds: number, inFlight: number): Promise<number> {
  const server = await start("./floor-http-server.ts");
  const pool = new Pool(`http://127.0.0.1:${String(server.ready["port"])}`, { connections: inFlight, pipelining: 1 });
  const loop = async (until: number) => {
    let count = 0;
    while (performance.now() < until) {
      const { body } = await pool.request({
        method: "POST",
        path: "/",
        headers: { "content-type": "application/json" },
        body: BODY,
      });
      await body.text();
      count++;
    }
    return count;
  };
  await Promise.all(Array.from({ length: inFlight }, () => loop(performance.now() + 300))); // Warm up.
  const began = performance.now();
  const counts = await Promise.all(Array.from({ length: inFlight }, () => loop(began + seconds * 1_000)));
  const elapsed = (performance.now() - began) / 1_000;
  await pool.close();
  await server.kill("SIGKILL");
  return counts.reduce((sum, count) => sum + count, 0) / elapsed;
}

/** How long raw loopback HTTP round trips take, one at a time, in ms. */
export async function httpRoundTripsMs(count: number): Promise<number[]> {
  const server = await start("./floor-http-server.ts");
  const pool = new Pool(`http://127.0.0.1:${String(server.ready["port"])}`, { connections: 1, pipelining: 1 });
  const times: number[] = [];
  for (let index = 0; index < 2 * count; index++) {
    const began = performance.now();
    const { body } = await pool.request({ method: "POST", path: "/", body: BODY });
    await body.text();
    if (index >= count) times.push(performance.now() - began); // The first half warms up.
  }
  await pool.close();
  await server.kill("SIGKILL");
  return times;
}

/** Rows per second of plain batched inserts: WAL, synchronous FULL, 1,000 rows of 400 bytes a transaction. */
export function sqliteRowsPerSecond(seconds: number): number {
  const folder = mkdtempSync(join(tmpdir(), "stepwell-floor-"));
  const db = new DatabaseSync(join(folder, "floor.db"));
  db.exec(
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id TEXT PRIMARY KEY, at INTEGER, body TEXT) WITHOUT ROWID",
  );
  const insert = db.prepare("INSERT INTO t VALUES (?, ?, ?)");
  const body = "x".repeat(400);
  let rows = 0;
  const began = performance.now();
  while (performance.now() - began < seconds * 1_000) {
    db.exec("BEGIN IMMEDIATE");
    for (let index = 0; index < 1_000; index++) insert.run(`01J${String(rows++).padStart(23, "0")}`, rows, body);
    db.exec("COMMIT");
  }
  const elapsed = (performance.now() - began) / 1_000;
  db.close();
  rmSync(folder, { recursive: true });
  return rows / elapsed;
}
