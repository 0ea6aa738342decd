import { EventEmitter } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { openAccess } from "../../test/server/api-harness.ts";
import type { Notice } from "../core/batch.ts";
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

interface OpenFeed {
  readonly feed: Feed;
  readonly client: IncomingMessage;
  /** Another client; `lastId` is where it left off. */
  join(path?: string, lastId?: string): Promise<IncomingMessage>;
}

const access = await openAccess();
const CALLER = { principal: null, address: "::1", isSecure: false };

function newFeed(): { readonly feed: Feed } {
  const feed = new Feed({
    access,
    log: createLog({ format: "human", level: "silent" }),
    engine: { apps: { anyFunction: () => undefined } },
  });
  return { feed };
}

async function openFeed(): Promise<OpenFeed> {
  const { feed } = newFeed();
  const server = createServer((request, response) => feed.open(request, response, []));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const join = (path = "/v1/feed", lastId?: string) =>
    new Promise<IncomingMessage>((resolve) => {
      const headers = lastId === undefined ? {} : { "last-event-id": lastId };
      get({ port, host: "127.0.0.1", path, headers, agent: false }, resolve);
    });
  const client = await join();
  onTestFinished(() => {
    feed.close();
    server.closeAllConnections();
    server.close();
  });
  return { feed, client, join };
}

/** What a client is sent up to the first text that `isEnough`. */
async function read(client: IncomingMessage, isEnough: (text: string) => boolean): Promise<string> {
  let text = "";
  for await (const chunk of client.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (isEnough(text)) break;
  }
  return text;
}

const ofRun = (runId: string, fields: Partial<Notice> = {}): Notice => ({
  ...NOTICE,
  id: runId,
  runId,
  name: "",
  ...fields,
});
const idsIn = (text: string) => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1]!);

test("a client that does not read loses what does not fit, and is told how many once it reads again", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { feed } = newFeed();
  const written: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    writableLength: 0,
    writeHead: () => {},
    end: () => {},
    write: (text: Buffer | string) => void written.push(String(text)),
  });
  feed.open({ headers: {}, socket: {}, url: "/v1/feed" } as IncomingMessage, response as unknown as ServerResponse, []);
  const publish = () => {
    feed.publish([ofRun("1"), ofRun("2")]);
    vi.advanceTimersByTime(100);
  };
  response.writableLength = 1024 * 1024;
  publish();
  publish();
  expect(written).toEqual([": connected\n\n"]);
  response.writableLength = 0;
  response.emit("drain");
  publish();
  expect(written[1]).toBe('event: dropped\ndata: {"count":4}\n\n');
  expect(written[2]?.match(/^event: run_ended$/gm)).toHaveLength(2);
  feed.close();
});

test("who comes back is told what happened meanwhile, once", async () => {
  const { feed, client, join } = await openFeed();
  feed.publish([ofRun("1"), ofRun("2")]);
  const first = await read(client, (text) => idsIn(text).length === 2);
  client.destroy();
  feed.publish([ofRun("3")]);
  const back = await join("/v1/feed", idsIn(first)[0]);
  feed.publish([ofRun("4")]);
  const text = await read(back, (all) => idsIn(all).length === 3);
  expect([...text.matchAll(/"run_id":"(\d)"/g)].map((match) => match[1])).toEqual(["2", "3", "4"]);
});

test("who comes back after too long, or to another process, is told that something is missing", async () => {
  const { feed, client, join } = await openFeed();
  const stranger = await join("/v1/feed", "0badcafe-7");
  expect(await read(stranger, (text) => text.includes("dropped"))).toContain('event: dropped\ndata: {"count":null}');
  feed.publish([ofRun("1")]);
  const [id] = idsIn(await read(client, (text) => idsIn(text).length === 1));
  // More at once than a window tells.
  feed.publish(Array.from({ length: 1_000 }, (_, index) => ofRun(`r${index}`)));
  await read(client, (text) => text.includes("dropped"));
  const back = await join("/v1/feed", id);
  expect(await read(back, (text) => text.includes("dropped"))).toMatch(/event: dropped\ndata: \{"count":\d+\}/);
});

test("who follows one run is told all of it and nothing else", async () => {
  const { feed, join } = await openFeed();
  const client = await join("/v1/feed?run=mine");
  const others = Array.from({ length: 1_000 }, (_, index) => ofRun(`r${index}`));
  const own = Array.from({ length: 3 }, (_, index) => ofRun("mine", { kind: "step_completed", id: `s${index}` }));
  feed.publish([...own, ...others, ofRun("mine")]);
  const text = await read(client, (all) => all.includes("run_ended"));
  expect(text.match(/^event: .*$/gm)).toEqual([...Array(3).fill("event: step_completed"), "event: run_ended"]);
});

test("lines that were stored are told without what they say", async () => {
  const { feed, client } = await openFeed();
  const lastId = "01HZZZZZZZ0000000000000007";
  feed.publishLines([{ runId: "1", functionId: null, lastId, stored: 3, dropped: 1, level: "warn" }]);
  const text = await read(client, (all) => all.includes("logs_stored"));
  expect(text).toContain(`"kind":"logs_stored","id":"${lastId}","run_id":"1"`);
  expect(text).toContain('"status":"warn"');
  expect(text).toContain('"lines":3,"dropped":1');
});

test("closing ends every client", async () => {
  const { feed, client } = await openFeed();
  feed.close();
  let text = "";
  for await (const chunk of client) text += String(chunk);
  expect(text).toBe(": connected\n\n");
});

test("whoever may not read any more is let go of at the next heartbeat", async () => {
  const closed = await openAccess({ kind: "cloud" });
  const { row, token } = await closed.tokens.create(CALLER, { name: "ci", scope: "read", untilAt: null });
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const log = createLog({ format: "human", level: "silent" });
  const feed = new Feed({ access: closed, log, engine: { apps: { anyFunction: () => undefined } } });
  let isEnded = false;
  const response = Object.assign(new EventEmitter(), {
    writableLength: 0,
    writeHead: () => {},
    write: () => {},
    end: () => {
      isEnded = true;
    },
  });
  const request = { headers: { authorization: `Bearer ${token}` }, socket: {}, url: "/v1/feed", method: "GET" };
  feed.open(request as unknown as IncomingMessage, response as unknown as ServerResponse, []);
  vi.advanceTimersByTime(15_000);
  expect(isEnded).toBe(false);
  await closed.tokens.revoke(CALLER, row.id);
  vi.advanceTimersByTime(15_000);
  expect(isEnded).toBe(true);
  feed.close();
});
