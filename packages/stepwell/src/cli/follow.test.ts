import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { recording } from "../../test/cli/recording.ts";
import { followRuns } from "./follow.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const recorded = () => recording({ columns: 80, now: () => 0 });

const entry = (kind: string, status: string) => {
  const data = { kind, id: "01J", run_id: "01J", function: "shop-pay", name: "a", status, at: "2030-01-01T00:00:00Z" };
  return `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
};

const runRecord = (response: ServerResponse, endedAt: string | null) =>
  response.end(
    JSON.stringify({ data: { run_id: "01J", status: endedAt === null ? "Running" : "Completed", ended_at: endedAt } }),
  );

test("a broken connection is made again, and the run's end in the gap is not missed", async () => {
  let connections = 0;
  const url = await serving((request, response) => {
    if (request.url?.startsWith("/v1/runs"))
      return void runRecord(response, connections > 1 ? "2030-01-01T00:00:01Z" : null);
    connections++;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(entry("run_started", "running"));
    if (connections === 1) setImmediate(() => response.end());
  });
  const { out, err, terminal } = recorded();
  expect(await followRuns("01J", { url, json: false }, terminal, {})).toBe(0);
  expect(connections).toBe(2);
  expect(out[0]).toMatch(/▸ running shop-pay {2}01J$/);
  expect(out.at(-1)).toContain("completed");
  expect(err.join("\n")).toMatch(/connection lost; trying again[\s\S]*connected again/);
});

test("the first connection may fail, and says so", async () => {
  const options = { url: "http://127.0.0.1:9", json: false };
  await expect(followRuns(undefined, options, recorded().terminal, {})).rejects.toMatchObject({
    code: "server_unreachable",
  });
});
