/** Listening on a wanted port, or on the next one that is free. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

const PORTS_TRIED_MAX = 20;

/** What `listen` returns for the wanted port, or for the first one after it that is not in use. */
export async function listenFrom<Result>(wanted: number, listen: (port: number) => Promise<Result>): Promise<Result> {
  for (let port = wanted; ; port++) {
    try {
      return await listen(port);
    } catch (error) {
      const isTaken = (error as { code?: unknown }).code === "EADDRINUSE";
      if (!isTaken || port >= wanted + PORTS_TRIED_MAX) throw error;
    }
  }
}

/** The wanted port, or the next one, for a program that is about to be started. 0 finds any. */
export function freePort(wanted: number): Promise<number> {
  return listenFrom(wanted, async (port) => {
    const probe = createServer().listen(port, "127.0.0.1");
    await once(probe, "listening");
    const { port: found } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, "close");
    return found;
  });
}
