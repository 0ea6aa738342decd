/** Finding a port to listen on. */
import { createServer } from "node:net";
import { StepwellError } from "../protocol/errors.ts";
import { listenError } from "../server/listen-error.ts";

/** How many ports after the wanted one are tried. */
const PORTS_TRIED_MAX = 20;

/** The wanted port, or the next one that is free. 0 is left to the system. */
export async function freePort(host: string, wanted: number): Promise<number> {
  if (wanted === 0) return 0;
  const last = Math.min(wanted + PORTS_TRIED_MAX, 65_535);
  for (let port = wanted; port <= last; port++) if (await isFree(host, port)) return port;
  throw new StepwellError("port_in_use", { port: `${wanted} to ${last}` });
}

/** Listens for a moment. Who else takes the port in between gets it; the server then says so itself. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(listenError(error, host, port));
    });
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
