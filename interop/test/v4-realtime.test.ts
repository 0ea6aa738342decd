/** Realtime channels with the official TypeScript SDK v4, unchanged: a step publishes, somebody else listens. */
import { randomBytes } from "node:crypto";
import { eventType, Inngest } from "inngest-v4";
import { serve } from "inngest-v4/node";
import { channel } from "inngest-v4/realtime";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type App, startApp } from "../apps/app.ts";
import { quiet } from "../apps/quiet.ts";
import { type Server, startServer } from "../lib/server.ts";

const SIGNING_KEY = randomBytes(32).toString("hex");
const UPDATES_MAX = 20;

const chat = channel({ name: (user: string) => `user:${user}`, topics: { updates: { schema: undefined as never } } });

interface Update {
  readonly kind: string;
  readonly topic: string;
  readonly data: unknown;
  readonly runId: string;
}

describe.each([
  { name: "dev", keys: undefined },
  { name: "production", keys: { signingKey: SIGNING_KEY, eventKey: "events" } },
])("realtime channels of v4, $name", ({ keys }) => {
  let server: Server;
  let app: App;
  let client: Inngest;

  beforeAll(async () => {
    server = await startServer(keys === undefined ? {} : { keys });
    client = new Inngest({ id: "live", logger: quiet, baseUrl: server.url, isDev: keys === undefined, ...keys });
    const tell = client.createFunction({ id: "tell", triggers: eventType("live/go") }, async ({ event, step }) => {
      const { user } = event.data as { user: string };
      const { updates } = chat(user);
      for (const n of [1, 2, 3]) await step.realtime.publish(`tell-${n}`, updates, { n } as never);
      await step.run("publish", () => client.realtime.publish(updates, "a text" as never));
      return "told";
    });
    app = await startApp(serve({ client, functions: [tell] }));
    await app.sync();
  });

  afterAll(async () => {
    await app?.close();
    await server?.stop();
  });

  test("what steps publish is heard once each, in order, and by nobody else", async ({ expect }) => {
    const listen = async (user: string) => {
      const heard: Update[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const subscription = await client.realtime.subscribe({
        channel: `user:${user}`,
        topics: ["updates"],
        onMessage: (message: unknown) => {
          heard.push(message as Update);
          if ((message as Update).data === "a text" || heard.length > UPDATES_MAX) resolve();
        },
      } as never);
      return { heard, done: promise, close: () => (subscription as { close(): void }).close() };
    };
    const [one, other] = [await listen("1"), await listen("2")];
    const { ids } = await client.send({ name: "live/go", data: { user: "1" } });
    const run = await server.endedRunOf(ids[0] ?? "");
    expect([run.status, run.output]).toEqual(["Completed", "told"]);
    await one.done;
    one.close();
    other.close();
    expect(one.heard.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, "a text"]);
    expect(one.heard[0]).toMatchObject({ kind: "data", topic: "updates", runId: run.run_id });
    expect(other.heard).toEqual([]);
  });
});
