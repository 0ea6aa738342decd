import { once } from "node:events";
import { get, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import {
  ask,
  EVENT_KEY,
  post,
  SIGNING_KEY,
  startKeyedServer,
  startTestServer,
  type TestServer,
} from "../../../test/server/harness.ts";
import { LIMITS } from "../../protocol/limits.ts";

const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZZ";

interface Message {
  readonly kind: string;
  readonly topic?: string;
  readonly data?: unknown;
}

const topicsOf = (names: readonly string[], channel = "user:1") =>
  names.map((name) => ({ channel, name, kind: "run" }));

async function tokenFor(server: TestServer, names: readonly string[], headers = {}): Promise<string> {
  const made = await post(`${server.url}/v1/realtime/token`, topicsOf(names), headers);
  expect([made.status, made.text]).toEqual([201, expect.stringMatching(/^\{"jwt":"[\w.-]+"\}$/)]);
  return (JSON.parse(made.text) as { jwt: string }).jwt;
}

/** The address of a publication. */
const at = (server: TestServer, topic: string, more = "", channel = "user:1") =>
  `${server.url}/v1/realtime/publish?channel=${encodeURIComponent(channel)}&topic=${topic}${more}`;

/** Messages over server-sent events, one by one. */
async function listen(server: TestServer, token: string): Promise<AsyncGenerator<Message>> {
  const stream = await new Promise<IncomingMessage>((resolve) =>
    get(`${server.url}/v1/realtime/sse?token=${token}`, { agent: false }, resolve),
  );
  onTestFinished(() => void stream.destroy());
  expect([stream.statusCode, stream.headers["content-type"]]).toEqual([200, "text/event-stream"]);
  return messagesIn(stream);
}

async function* messagesIn(stream: AsyncIterable<unknown>): AsyncGenerator<Message> {
  let text = "";
  for await (const part of stream) {
    const blocks = (text + String(part)).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) if (block.startsWith("data: ")) yield JSON.parse(block.slice(6)) as Message;
  }
}

/** How many messages there are still, however the stream ends. */
async function toTheEnd(messages: AsyncGenerator<Message>): Promise<number> {
  let count = 0;
  try {
    for await (const _message of messages) count += 1;
  } catch {
    return count; // Cut off.
  }
  return count;
}

async function next(messages: AsyncGenerator<Message>): Promise<Message | undefined> {
  return (await messages.next()).value as Message | undefined;
}

interface Socket {
  readonly raw: WebSocket;
  next(): Promise<Message>;
  say(message: object): void;
  /** The code and the reason. */
  readonly closed: Promise<[number, string]>;
}

async function openSocket(server: TestServer, token: string, headers = {}): Promise<Socket> {
  const address = `${server.url.replace("http", "ws")}/v1/realtime/connect`;
  const raw = new WebSocket(token === "" ? address : `${address}?token=${token}`, { headers });
  onTestFinished(() => raw.terminate());
  const queue: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  raw.on("message", (data) => {
    const message = JSON.parse(String(data)) as Message;
    const first = waiting.shift();
    if (first === undefined) queue.push(message);
    else first(message);
  });
  const closed = new Promise<[number, string]>((resolve) => {
    raw.on("close", (code, reason) => resolve([code, String(reason)]));
  });
  await once(raw, "open");
  return {
    raw,
    closed,
    next: () => {
      const first = queue.shift();
      return first === undefined ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve(first);
    },
    say: (message) => raw.send(JSON.stringify(message)),
  };
}

/** The status and the code that a WebSocket is refused with. */
async function refusedSocket(server: TestServer, token: string): Promise<[number | undefined, string]> {
  const raw = new WebSocket(`${server.url.replace("http", "ws")}/v1/realtime/connect?token=${token}`);
  const [, response] = (await once(raw, "unexpected-response")) as [unknown, IncomingMessage];
  let text = "";
  for await (const part of response) text += String(part);
  return [response.statusCode, (JSON.parse(text) as { code: string }).code];
}

describe("what is published", () => {
  test("reaches who listens by server-sent events, as it came and in order", async () => {
    const server = await startTestServer();
    const messages = await listen(server, await tokenFor(server, ["news"]));
    const metadata = encodeURIComponent('{"a":1}');
    for (const n of [1, 2]) await post(at(server, "news", `&run_id=${RUN}&metadata=${metadata}`), { n });
    expect(await next(messages)).toEqual({
      kind: "data",
      channel: "user:1",
      topic: "news",
      created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      run_id: RUN,
      metadata: { a: 1 },
      data: { n: 1 },
    });
    expect(await next(messages)).toMatchObject({ data: { n: 2 } });
  });

  test("reaches who listens by a WebSocket", async () => {
    const server = await startTestServer();
    const socket = await openSocket(server, await tokenFor(server, ["news"]));
    expect((await post(at(server, "news"), { n: 1 })).text).toBe('{"status":200}');
    expect(await socket.next()).toMatchObject({ kind: "data", channel: "user:1", topic: "news", data: { n: 1 } });
  });

  test("may have several topics", async () => {
    const server = await startTestServer();
    const socket = await openSocket(server, await tokenFor(server, ["b", "a"]));
    await post(at(server, "a", "&topic=b&topic=a"), 1);
    expect([(await socket.next()).topic, (await socket.next()).topic]).toEqual(["a", "b"]);
  });

  test("does not reach who has other topics, or the same of another channel", async () => {
    const server = await startTestServer();
    const socket = await openSocket(server, await tokenFor(server, ["mine"]));
    await post(at(server, "other"), 1);
    await post(at(server, "mine", "", "user:2"), 2);
    await post(at(server, "mine"), 3);
    expect(await socket.next()).toMatchObject({ topic: "mine", data: 3 });
  });

  test("is a text where it is no JSON, and may come without a type", async () => {
    const server = await startTestServer();
    const messages = await listen(server, await tokenFor(server, ["news"]));
    const bodies = ["plain \n text", '{\n"n": 1.50\n}', "", '"quoted"'];
    for (const body of bodies) await ask(at(server, "news"), { method: "POST", body });
    const data = [];
    for (const _body of bodies) data.push((await next(messages))?.data);
    expect(data).toEqual(["plain \n text", { n: 1.5 }, null, "quoted"]);
  });

  test("comes in pieces when it is a stream, characters whole, and ends when its request breaks off", async () => {
    const server = await startTestServer();
    const socket = await openSocket(server, await tokenFor(server, ["news"]));
    const outgoing = request(at(server, "news"), { method: "POST", headers: { "content-type": "text/stream" } });
    outgoing.on("error", () => undefined);
    const [head, tail] = [Buffer.from("aö").subarray(0, 2), Buffer.from("aö").subarray(2)];
    outgoing.write(head);
    const start = await socket.next();
    expect(start).toMatchObject({ kind: "datastream-start", topic: "news", data: expect.stringMatching(/^\w{26}$/) });
    expect(await socket.next()).toMatchObject({ kind: "chunk", topic: "news", stream_id: start.data, data: "a" });
    outgoing.write(Buffer.concat([tail, Buffer.alloc(LIMITS.realtimeChunkBytesMax, "x")]));
    expect((await socket.next()).data).toBe(`ö${"x".repeat(LIMITS.realtimeChunkBytesMax - 1)}`);
    expect((await socket.next()).data).toBe("x");
    outgoing.destroy();
    expect(await socket.next()).toMatchObject({ kind: "datastream-end", topic: "news", data: start.data });
  });
});

describe("a listener", () => {
  test("adds topics by a token, and leaves them", async () => {
    const server = await startTestServer();
    const socket = await openSocket(server, await tokenFor(server, ["a"]));
    socket.say({ kind: "sub", data: await tokenFor(server, ["b"]) });
    socket.say({ kind: "unsub", data: topicsOf(["a"]) });
    socket.say({ kind: "pong" });
    socket.say({ kind: "ping" });
    expect(await socket.next()).toEqual({ kind: "pong" });
    await post(at(server, "a"), 1);
    await post(at(server, "b"), 2);
    expect(await socket.next()).toMatchObject({ topic: "b", data: 2 });
  });

  test("is told when the server stops", async () => {
    const server = await startTestServer();
    const socket = await openSocket(server, await tokenFor(server, ["a"]));
    const messages = await listen(server, await tokenFor(server, ["a"]));
    await server.stop();
    expect(await socket.next()).toEqual({ kind: "closing", data: { reason: "the server stops" } });
    expect(await socket.closed).toEqual([1001, "the server stops"]);
    expect(await next(messages)).toMatchObject({ kind: "closing" });
    expect((await messages.next()).done).toBe(true);
  });

  test("that does not read is let go, and told why after what it reads still; the others hear all", async () => {
    const server = await startTestServer();
    const token = await tokenFor(server, ["news"]);
    const [slow, quick] = [await openSocket(server, token), await openSocket(server, token)];
    slow.raw.pause();
    const unread = await listen(server, token);
    const body = { text: "x".repeat(500_000) };
    // Far more than the buffers of the sockets in between.
    for (let n = 0; n < 40; n += 1) {
      await post(at(server, "news"), body);
      expect((await quick.next()).kind).toBe("data");
    }
    expect((await ask(`${server.url}/metrics`)).text).toMatch(/realtime_slow_listeners_total 2\n/);
    slow.raw.resume();
    await expect(toTheEnd(unread)).resolves.toBeLessThan(40);
    const kinds: string[] = [];
    slow.raw.on("message", (data) => kinds.push((JSON.parse(String(data)) as Message).kind));
    const [code, reason] = await slow.closed;
    expect(kinds.length).toBeLessThan(40);
    // Read in time or cut off, by how fast this machine is.
    expect([`1013 more than ${LIMITS.realtimeQueueBytesMax} bytes waited to be read`, "1006 "]).toContain(
      `${code} ${reason}`,
    );
  });
});

describe("refused is", () => {
  test("publishing, or a token, without a key that may; listening needs none", async () => {
    const server = await startKeyedServer();
    for (const key of ["", EVENT_KEY, "no"]) {
      const headers = key === "" ? {} : { authorization: `Bearer ${key}` };
      expect((await post(at(server, "news"), 1, headers)).status).toBe(401);
      expect((await post(`${server.url}/v1/realtime/token`, topicsOf(["news"]), headers)).status).toBe(401);
    }
    const authorization = { authorization: `Bearer ${SIGNING_KEY}` };
    const token = await tokenFor(server, ["news"], authorization);
    const bearer = await openSocket(server, "", { authorization: `Bearer ${token}` });
    expect((await post(at(server, "news"), 1, authorization)).status).toBe(200);
    expect(await bearer.next()).toMatchObject({ data: 1 });
    expect((await post(at(server, "news"), 1, { authorization: `Bearer ${token}` })).status).toBe(401);
  });

  test("a token that is none, changed, of another server or of another use", async () => {
    const [server, other] = [await startTestServer(), await startTestServer()];
    const token = await tokenFor(server, ["a"]);
    const [header, , signature] = token.split(".");
    const claims = Buffer.from(JSON.stringify({ topics: [["user:2", "a"]], exp: 9e9 })).toString("base64url");
    const wrong = [await tokenFor(other, ["a"]), `${header}.${claims}.${signature}`, `${token}${"x".repeat(13_000)}`];
    for (const one of wrong.slice(0, 2)) {
      expect((await ask(`${server.url}/v1/realtime/sse?token=${one}`)).json.code).toBe("realtime_token_invalid");
      expect(await refusedSocket(server, one)).toEqual([401, "realtime_token_invalid"]);
    }
    expect(await refusedSocket(server, wrong[2]!)).toEqual([401, "realtime_token_invalid"]);
    expect((await ask(`${server.url}/v1/realtime/connect`)).json.code).toBe("realtime_token_invalid");
    expect((await ask(`${server.url}/v1/realtime/connect?token=${token}`)).json.code).toBe("websocket_required");
  });

  test("a publication that does not say where, or says too much", async () => {
    const server = await startTestServer();
    const long = "x".repeat(LIMITS.realtimeNameCharsMax + 1);
    const many = "&topic=".concat(Array.from({ length: 51 }, (_, n) => n).join("&topic="));
    for (const query of [
      "",
      "?channel=a",
      "?topic=a",
      `?channel=${long}&topic=a`,
      `?channel=a&topic=${long}`,
      "?channel=a%0Ab&topic=a",
      "?channel=a&topic=a&run_id=no",
      "?channel=a&topic=a&metadata=no",
      "?channel=a&topic=a&metadata=[]",
      `?channel=a${many}`,
    ]) {
      const { status, json } = await post(`${server.url}/v1/realtime/publish${query}`, 1);
      expect([query, status, json.code]).toEqual([query, 400, "query_invalid"]);
    }
    const large = Buffer.alloc(LIMITS.realtimeMessageBytesMax + 1, "1");
    expect((await ask(at(server, "a"), { method: "POST", body: large })).status).toBe(413);
    const stream = { method: "POST", headers: { "content-type": "text/stream" } };
    expect((await ask(at(server, "a"), { ...stream, body: Buffer.alloc(1_100_000, "x") })).status).toBe(413);
    expect((await ask(at(server, "a"), { method: "POST", body: "[".repeat(1_000) })).json.code).toBe("body_too_deep");
    expect((await ask(at(server, "a"), { method: "POST", body: Buffer.from([0xff]) })).json.code).toBe("body_invalid");
  });

  test("a token for what are no topics, or too many", async () => {
    const server = await startTestServer();
    const many = Array.from({ length: 51 }, (_, n) => `t${n}`);
    const long = Array.from({ length: 50 }, (_, n) => `${n}${"x".repeat(250)}`);
    for (const body of [
      {},
      [],
      [1],
      [{ channel: "a" }],
      topicsOf([""]),
      topicsOf(["a\u0000"]),
      topicsOf(many),
      topicsOf(long),
    ]) {
      const { status, json } = await post(`${server.url}/v1/realtime/token`, body);
      expect([status, json.code]).toEqual([400, "body_invalid"]);
    }
  });

  test("a client that says what cannot be understood: its WebSocket is closed with the reason", async () => {
    const server = await startTestServer();
    const token = await tokenFor(server, ["a"]);
    const many = await tokenFor(
      server,
      Array.from({ length: 50 }, (_, n) => `t${n}`),
    );
    for (const text of [
      "no",
      "null",
      "[]",
      "{}",
      '{"kind":"sub"}',
      '{"kind":"sub","data":"a.b.c"}',
      '{"kind":"unsub","data":["a"]}',
      JSON.stringify({ kind: "sub", data: many }),
      Buffer.from([1]),
    ]) {
      const socket = await openSocket(server, token);
      socket.raw.send(text);
      expect([String(text).slice(0, 40), await socket.closed]).toEqual([
        String(text).slice(0, 40),
        [1008, expect.stringMatching(/\w/)],
      ]);
    }
    const socket = await openSocket(server, token);
    socket.raw.send("x".repeat(100_000));
    expect((await socket.closed)[0]).toBe(1009);
  });
});

test("who offers another protocol besides is answered over HTTP", async () => {
  const server = await startTestServer();
  const socket = connect(server.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const offer = "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk";
  socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n${offer}\r\n\r\n`);
  let text = "";
  for await (const part of socket) {
    text += String(part);
    if (text.includes("\r\n\r\n")) break;
  }
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
});

test("who is refused keeps no connection open by not closing his side, and the server can stop", async () => {
  const server = await startTestServer();
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  socket.write(`GET /v1/realtime/connect?token=no HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n\r\n`);
  socket.resume();
  await once(socket, "end");
  await server.stop();
});
