/** The app process: the functions behind one HTTP endpoint, as a user would serve them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Stepwell } from "stepwell";
import { serve } from "stepwell/node";
import { createFunctions } from "./app-functions.ts";
import { serveQuestions } from "./process.ts";

const client = new Stepwell({ id: "bench", isProduction: true });
const { functions, recorder } = createFunctions(client);
const handle = serve({ client, functions });
let calls = 0;
const server = createServer((request, response) => {
  if (request.method === "POST") calls++;
  void handle(request, response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  serveQuestions(
    { port: (server.address() as AddressInfo).port },
    {
      calls: () => calls,
      ends: () => Object.fromEntries(recorder.ends),
      bodies: () => Object.fromEntries(recorder.bodies),
      times: () => Object.fromEntries(recorder.times),
      lateness: () => recorder.lateness,
      gaps: () => recorder.gaps,
      delays: () => recorder.delays,
      reset: () => {
        calls = 0;
        recorder.ends.clear();
        recorder.bodies.clear();
        recorder.times.clear();
        recorder.lateness.length = 0;
        recorder.gaps.length = 0;
        recorder.delays.length = 0;
        return true;
      },
    },
  );
});
