/** Listeners of the change feed, in a process of their own: so many connections, of which the first notes how late entries are. */
import { connect } from "node:net";
import { preciseNow } from "./app-functions.ts";
import { serveQuestions } from "./process.ts";

const [url = "", authorization = "", count = "0"] = process.argv.slice(2);
const { hostname, port, host } = new URL(url);

let bytes = 0;
let entries = 0;
let lateness: number[] = [];

const sockets = Array.from({ length: Number(count) }, (_, index) => {
  const socket = connect(Number(port), hostname);
  socket.write(`GET /v1/feed HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${authorization}\r\n\r\n`);
  socket.on("data", (chunk) => {
    bytes += chunk.length;
    if (index === 0) note(chunk.toString());
  });
  return socket;
});
await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("data", resolve))));

/** When the engine decided it, which is before its commit, until it is here. */
function note(text: string): void {
  for (const [, at = ""] of text.matchAll(/"kind":"step_completed".*?"at":"([^"]+)"/g)) {
    entries++;
    lateness.push(preciseNow() - Date.parse(at));
  }
}

serveQuestions(
  {},
  {
    seen: () => ({ bytes, entries, lateness }),
    reset: () => {
      bytes = 0;
      entries = 0;
      lateness = [];
    },
  },
);
