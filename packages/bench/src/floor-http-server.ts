/** The floor of every call over HTTP: a process that reads a body and answers a few hundred bytes, and nothing else. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serveQuestions } from "./process.ts";

const answer = JSON.stringify([
  { op: "StepRun", id: "0".repeat(40), name: "one", data: { ok: true }, userland: { id: "one" } },
]);

const server = createServer((request, response) => {
  request.on("data", () => {});
  request.on("end", () => {
    response.writeHead(206, { "content-type": "application/json", "content-length": answer.length });
    response.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => serveQuestions({ port: (server.address() as AddressInfo).port }, {}));
