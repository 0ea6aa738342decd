/**
 * Loads the built doors by their public names and runs one function of two steps through a real `node:http` server and
 * the fetch door. Plain JavaScript, so that it runs on any Node; prints one line of JSON.
 */
import { once } from "node:events";
import { Stepwell } from "stepwell";
import { serve as serveNode } from "stepwell/node";
import { serve as serveWeb } from "stepwell/web";

const doors = process.argv.slice(2);
for (const door of doors) await import(door);

const client = new Stepwell({ id: "smoke", isDev: true });
const double = client.createFunction(
  { id: "double", triggers: { event: "smoke/asked" }, retries: 0, checkpointing: false },
  async ({ event, step }) => step.run("double", (value) => value * 2, event.data.value),
);
const options = { client, functions: [double] };

const event = { id: "01J00000000000000000000000", name: "smoke/asked", data: { value: 21 }, ts: 1_700_000_000_000 };
const request = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    event,
    events: [event],
    steps: {},
    version: 2,
    use_api: false,
    ctx: {
      run_id: "01J00000000000000000000001",
      fn_id: "smoke-double",
      step_id: "step",
      attempt: 0,
      max_attempts: 1,
      disable_immediate_execution: false,
      stack: { stack: [], current: 0 },
    },
  }),
};
const query = "?fnId=smoke-double&stepId=step";

const byWeb = await serveWeb(options)(new Request(`http://127.0.0.1/api/stepwell${query}`, request));

const { createServer } = await import("node:http");
const server = createServer(serveNode(options));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const byNode = await fetch(`http://127.0.0.1:${server.address().port}/api/stepwell${query}`, request);

const seen = async (reply) => ({ status: reply.status, ops: await reply.json() });
console.log(JSON.stringify({ node: process.version, doors, web: await seen(byWeb), http: await seen(byNode) }));
server.closeAllConnections();
server.close();
