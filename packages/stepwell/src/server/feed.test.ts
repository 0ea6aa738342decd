import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Notice } from "../core/batch.ts";
import { createGate } from "./auth.ts";
import { Feed } from "./feed.ts";
import { createLog } from "./log.ts";

const NOTICE: Notice = {
  kind: "run_ended",
  id: "1",
  runId: "1",
  functionId: null,
  name: "n".repeat(1_000),
  status: "completed",
  at: 0,
};

async function openFeed(): Promise<{ feed: Feed; client: IncomingMessage }> {
  const feed = new Feed({
    gate: createGate({ eventKeys: [], signingKeys: [] }),
    log: createLog({ format: "human", level: "silent" }),
    engine: { apps: { anyFunction: () => undefined } },
  });
  const server = createServer((request, response) => feed.open(request, response, []));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = await new Promise<IncomingMessage>((resolve) => get({ port, host: "127.0.0.1" }, resolve));
  onTestFinished(() => {
    client.destroy();
    feed.close();
    server.close();
  });
  return { feed, client };
}

test("a client that does not read loses notices, and is told how many once it reads again", async () => {
  const { feed, client } = await openFeed();
  const portions = 500;
  for (let portion = 0; portion < portions; portion++) feed.publish(Array<Notice>(50).fill(NOTICE));
  let text = "";
  for await (const chunk of client) {
    text += String(chunk);
    if (text.includes("event: dropped") && text.endsWith("\n\n")) break;
  }
  const dropped = Number(/event: dropped\ndata: \{"count":(\d+)\}/.exec(text)?.[1]);
  const received = text.match(/^event: run_ended$/gm)?.length ?? 0;
  expect(dropped).toBeGreaterThan(0);
  expect(received + dropped).toBe(portions * 50);
});

test("closing ends every client", async () => {
  const { feed, client } = await openFeed();
  feed.close();
  let text = "";
  for await (const chunk of client) text += String(chunk);
  expect(text).toBe(": connected\n\n");
});
