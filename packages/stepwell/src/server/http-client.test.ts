import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createRawServer } from "node:net";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { StopSource } from "../engine/stop-source.ts";
import { HttpClient, type HttpRequest } from "./http-client.ts";

const opened: (Server | HttpClient)[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) {
    if (one instanceof HttpClient) await one.close();
    else await new Promise((resolve) => one.close(resolve).closeAllConnections());
  }
});

/** A server that answers its path, breaks `/break` off, and never answers `/hang`. */
async function serve() {
  const seen = { sockets: 0, paths: [] as string[] };
  const server = createServer((request, response) => {
    seen.paths.push(request.url!);
    if (request.url === "/break") request.socket.destroy();
    else if (request.url !== "/hang") response.end(request.url);
  });
  server.on("connection", () => seen.sockets++);
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}

function client(connectionsMax: number) {
  const made = new HttpClient({ connectionsMax });
  opened.push(made);
  return (origin: string, path: string, more: Partial<HttpRequest> = {}) =>
    made
      .send({ method: "GET", origin, path, headers: [], body: null, timeoutMs: 10_000, bodyBytesMax: 100, ...more })
      .then(
        (answer) => answer.body.toString(),
        (failure: Error) => failure.message,
      );
}

describe("connections to one origin", () => {
  test("are never more than the limit; the rest waits in order", async () => {
    const { origin, seen } = await serve();
    const send = client(2);
    const paths = ["/1", "/2", "/3", "/4", "/5", "/6"];
    expect(await Promise.all(paths.map((path) => send(origin, path)))).toEqual(paths);
    expect(seen.sockets).toBe(2);
    expect(seen.paths.slice(2)).toEqual(["/3", "/4", "/5", "/6"]);
  });

  test("are kept: requests one after the other share one", async () => {
    const { origin, seen } = await serve();
    const send = client(10);
    for (const path of ["/1", "/2", "/3"]) expect(await send(origin, path)).toBe(path);
    expect(seen.sockets).toBe(1);
  });

  test("serve the next request after one that was broken off", async () => {
    const { origin } = await serve();
    const send = client(1);
    const answers = await Promise.all([send(origin, "/break"), send(origin, "/2"), send(origin, "/break")]);
    expect(answers).toEqual(["the connection was closed", "/2", "the connection was closed"]);
    expect(await send(origin, "/4")).toBe("/4");
  });

  test("serve the next request after one that took too long, or was too large", async () => {
    const { origin } = await serve();
    const send = client(1);
    const [late, large, next] = await Promise.all([
      send(origin, "/hang", { timeoutMs: 5 }),
      send(origin, "/large", { bodyBytesMax: 3 }),
      send(origin, "/3"),
    ]);
    expect([late, large, next]).toEqual([
      expect.stringContaining("no answer within"),
      expect.stringContaining("larger than 3 bytes"),
      "/3",
    ]);
  });

  test("that cannot be opened fail the request, and the next one tries again", async () => {
    const { origin, server } = await serve();
    const send = client(1);
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const answers = await Promise.all([send(origin, "/1"), send(origin, "/2"), send(origin, "/3")]);
    expect(answers).toEqual(Array(3).fill("the connection was refused"));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    expect(await send(origin, "/4")).toBe("/4");
  });

  test("end at once when the client closes, with everything that waits for one", async () => {
    const { origin } = await serve();
    const send = client(1);
    const answers = Promise.all([send(origin, "/hang"), send(origin, "/2")]);
    await (opened.find((one) => one instanceof HttpClient) as HttpClient).close();
    expect(await answers).toEqual(Array(2).fill("the server is shutting down"));
  });

  test("are left as they are by a request that nobody wanted any more before its turn", async () => {
    const { origin, seen } = await serve();
    const send = client(1);
    const stop = new StopSource();
    const answers = Promise.all([send(origin, "/1"), send(origin, "/2", { signal: stop }), send(origin, "/3")]);
    stop.stop();
    expect(await answers).toEqual(["/1", "nobody waits for the answer any more", "/3"]);
    expect([seen.sockets, seen.paths]).toEqual([1, ["/1", "/3"]]);
  });
});

/** A server that answers each request with the texts that belong to its path, one write each. */
async function serveRaw(answers: Readonly<Record<string, readonly string[]>>) {
  const seen = { sockets: 0 };
  const server = createRawServer((socket) => {
    seen.sockets++;
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      for (const text of answers[bytes.toString().split(" ")[1]!] ?? []) socket.write(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const ok = (body: string, header = "x: y") =>
  `HTTP/1.1 200 OK\r\n${header}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe("a connection is not used again", () => {
  test("when the other side will close it, now or too soon", async () => {
    const answers = {
      "/close": [ok("1", "connection: close")],
      "/soon": [ok("2", "keep-alive: timeout=2")],
      "/": [ok("3")],
    };
    const { origin, seen } = await serveRaw(answers);
    const send = client(1);
    for (const [path, body] of [
      ["/close", "1"],
      ["/soon", "2"],
      ["/", "3"],
      ["/", "3"],
    ] as const)
      expect(await send(origin, path)).toBe(body);
    expect(seen.sockets).toBe(3);
  });

  test("when more came than was asked for: it would be the answer to somebody else", async () => {
    const { origin, seen } = await serveRaw({ "/twice": [ok("1") + ok("forged")], "/": [ok("2")] });
    const send = client(1);
    expect([await send(origin, "/twice"), await send(origin, "/")]).toEqual(["1", "2"]);
    expect(seen.sockets).toBe(2);
  });

  test("when its answer is no HTTP", async () => {
    const { origin, seen } = await serveRaw({ "/odd": ["SSH-2.0\r\n\r\n"], "/": [ok("2")] });
    const send = client(1);
    expect([await send(origin, "/odd"), await send(origin, "/")]).toEqual(["it does not speak HTTP", "2"]);
    expect(seen.sockets).toBe(2);
  });
});
