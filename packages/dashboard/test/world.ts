/** A server in this process and an app that it calls: what the browser tests look at. `node world.ts` keeps one open. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "../../stepwell/src/node.ts";
import { createLog } from "../../stepwell/src/server/log.ts";
import { type RunningServer, startServer } from "../../stepwell/src/server/server.ts";
import { MemoryStore } from "../../stepwell/src/store/memory.ts";
import { pause, shopFunctions } from "./world-functions.ts";

export interface World {
  readonly url: string;
  /** Where the first user is made; null when nobody has to log in. */
  readonly setupUrl: string | null;
  send(...events: readonly { readonly name: string; readonly data?: unknown }[]): Promise<string[]>;
  get<Data>(path: string): Promise<Data>;
  post(path: string, body?: unknown): Promise<unknown>;
  /** Waits until what `look` answers is not null. */
  until<Value>(look: () => Promise<Value | null>, msMax?: number): Promise<Value>;
  /** The newest run of a function, once it has one of these statuses. */
  runOf(slug: string, ...statuses: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

const POLL_MS = 25;

export interface WorldOptions {
  readonly port?: number;
  /** Without an app: what somebody sees first. */
  readonly isEmpty?: boolean;
  /** As `stepwell start` does: everybody has to log in. Without an app. */
  readonly isLocked?: boolean;
}

export async function openWorld({ port = 0, isEmpty = false, isLocked = false }: WorldOptions = {}): Promise<World> {
  const server = await openServer(port, isLocked);
  const app = isEmpty || isLocked ? null : await openApp(server.url);
  const request = async <Data>(method: string, path: string, body?: unknown): Promise<Data> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: JSON_HEADERS };
    const response = await fetch(server.url + path, init);
    const answer = (await response.json().catch(() => null)) as Data;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const until = async <Value>(look: () => Promise<Value | null>, msMax = 10_000): Promise<Value> => {
    for (const endAt = Date.now() + msMax; ; await pause(POLL_MS)) {
      const value = await look();
      if (value !== null) return value;
      if (Date.now() > endAt) throw new Error(`nothing after ${msMax} ms`);
    }
  };
  if (app !== null) await request("POST", "/fn/sync", { url: app.url });
  return {
    url: server.url,
    setupUrl: server.setupUrl,
    until,
    get: (path) => request("GET", path),
    post: (path, body = {}) => request("POST", path, body),
    async send(...events) {
      return (await request<{ ids: string[] }>("POST", "/e/key", events)).ids;
    },
    runOf: (slug, ...statuses) =>
      until(async () => {
        const query = `function=shop-${slug}&status=${statuses.join(",")}&limit=1`;
        return (await request<{ data: { id: string }[] }>("GET", `/api/v2/runs?${query}`)).data[0]?.id ?? null;
      }),
    async close() {
      app?.server.closeAllConnections();
      app?.server.close();
      await server.stop();
    },
  };
}

const SIGNING_KEY = "signkey-prod-0123456789abcdef0123456789abcdef";
const JSON_HEADERS = { "content-type": "application/json" };

function openServer(port: number, isLocked: boolean): Promise<RunningServer> {
  return startServer({
    store: new MemoryStore(),
    storeLabel: "memory",
    kind: isLocked ? "cloud" : "dev",
    host: "127.0.0.1",
    port,
    eventKeys: [],
    signingKey: isLocked ? SIGNING_KEY : null,
    signingKeyFallback: null,
    log: createLog({ format: "json", level: "error" }),
    appUrls: [],
    discover: false,
    pollIntervalMs: null,
    shutdownGraceMs: 50,
    onFatal: (error) => {
      throw error;
    },
  });
}

async function openApp(baseUrl: string): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(serve(shopFunctions(baseUrl)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/stepwell`, server };
}

/** Something of everything: runs in each state, work that waits at limits, events that nobody hears. */
export async function fill(world: World): Promise<void> {
  const data = (fields: object) => fields;
  await world.send(
    { name: "contacts/uploaded", data: data({ file: "march.csv", user: "u-7" }) },
    { name: "crm/changed", data: data({ contact: 991 }) },
    { name: "user/signed-up", data: data({ user: "u-1", plan: "pro" }) },
    { name: "user/signed-up", data: data({ user: "u-2", plan: "none" }) },
    { name: "reminder/set", data: data({ user: "u-1", about: "the invoice" }) },
    { name: "video/uploaded", data: data({ video: "launch.mp4", parts: 8 }) },
    { name: "page/changed", data: data({ page: "/pricing" }) },
    { name: "page/changed", data: data({ page: "/about" }) },
    { name: "metrics/measured", data: data({ name: "cpu", value: 0.4 }) },
    { name: "user/signedup", data: data({ user: "u-3" }) },
  );
  await world.send(
    ...Array.from({ length: 9 }, (_, index) => {
      return { name: "report/requested", data: { tenant: index < 6 ? "acme" : `small-${index}`, quarter: index } };
    }),
  );
  await world.send(...Array.from({ length: 5 }, () => ({ name: "newsletter/approved", data: { issue: 14 } })));
  for (let order = 1; order <= 4; order++) {
    await world.send({ name: "order/placed", data: { id: `o-${order}`, amount: 10 * order, items: ["tea", "cup"] } });
  }
  await world.post("/v1/functions/shop-nightly-cleanup/pause", { mode: "hold" });
  await world.runOf("fulfil-order", "COMPLETED");
}

if (process.argv[1] === import.meta.filename) {
  const world = await openWorld({ port: Number(process.argv[2] ?? 8299), isEmpty: process.argv[3] === "empty" });
  if (process.argv[3] !== "empty") await fill(world);
  console.log(world.url);
}
