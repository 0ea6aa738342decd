/** Listening on a wanted port, or on the next one that is free. */
import type { FastifyInstance } from "fastify";

const PORTS_TRIED_MAX = 20;

export async function listenFrom(app: FastifyInstance, host: string, wanted: number): Promise<string> {
  for (let port = wanted; ; port++) {
    try {
      return await app.listen({ host, port });
    } catch (error) {
      const isTaken = (error as { code?: unknown }).code === "EADDRINUSE";
      if (!isTaken || port >= wanted + PORTS_TRIED_MAX) throw error;
    }
  }
}
