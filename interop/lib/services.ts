/** The services the Python app calls, played by the test: each answers at once and remembers what it was asked. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly path: string;
  readonly at: number;
  readonly body: Record<string, unknown>;
}

export interface Services {
  readonly url: string;
  asked(path: string, leadId: string): Record<string, unknown>[];
  /** What functions noted under a key: names, or with a name its values. */
  notes(key: string): string[];
  notes(key: string, what: string): unknown[];
  times(key: string, what: string): number[];
  close(): Promise<void>;
}

const ANSWERS: Record<string, (body: Record<string, unknown>) => unknown> = {
  "/create-profile": ({ lead }) => ({
    individual_profile: { name: "Ada", email: "ada@example.com", wants: (lead as { wants: string }).wants },
    company_profile: { size: 12.5 },
  }),
  "/create-offer": ({ individual_profile }) => ({ headline: `For ${(individual_profile as { name: string }).name}` }),
  "/create-strategy": ({ profile }) => ({
    first_method: (profile as { individual_profile: { wants: string } }).individual_profile.wants,
  }),
};

export async function startServices(): Promise<Services> {
  const all: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const path = request.url ?? "/";
    all.push({ path, at: Date.now(), body });
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(ANSWERS[path]?.(body) ?? { ok: true }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const noted = (key: string) => all.filter(({ path, body }) => path === "/note" && body["key"] === key);
  const ofWhat = (key: string, what: string) => noted(key).filter(({ body }) => body["what"] === what);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (path, leadId) =>
      all.filter((one) => one.path === path && one.body["lead_id"] === leadId).map((one) => one.body),
    notes: ((key: string, what?: string) =>
      what === undefined
        ? noted(key).map(({ body }) => body["what"])
        : ofWhat(key, what).map(({ body }) => body["value"])) as Services["notes"],
    times: (key, what) => ofWhat(key, what).map(({ at }) => at),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
