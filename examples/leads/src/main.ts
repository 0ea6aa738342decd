/** Starts the app, and the stub of its services unless `SERVICES_URL` names real ones. */
import { createApp } from "./app.ts";
import { settings } from "./settings.ts";
import { startStub } from "./stub/server.ts";

const stub = process.env["SERVICES_URL"] === undefined ? await startStub() : null;
if (stub !== null) process.env["SERVICES_URL"] = stub.url;

const app = createApp();
const url = await app.listen({ host: settings.host, port: settings.port });
console.log(`The app listens on ${url}; its functions are served at ${url}/api/stepwell.`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await app.close();
    await stub?.close();
  });
}
