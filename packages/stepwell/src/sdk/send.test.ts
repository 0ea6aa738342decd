import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type EventInput, eventType, type Middleware, Stepwell } from "../index.ts";

interface Sent {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function sender(answers: (() => Response)[], options: { middleware?: Middleware[]; eventKey?: string } = {}) {
  const sent: Sent[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    sent.push({ url, headers: init.headers as Record<string, string>, body: String(init.body) });
    return (answers[Math.min(sent.length, answers.length) - 1] ?? (() => Response.error()))();
  };
  const client = new Stepwell({ id: "app", isDev: true, baseUrl: "http://server.test/base/", fetch, ...options });
  return { sent, client };
}

const accepted = () => Response.json({ ids: ["01A", "01B"], status: 200 });
const broken = () => new Response("oops", { status: 503 });
const unreachable = () => {
  throw new TypeError("fetch failed");
};
const events: EventInput[] = [{ name: "order/placed", data: { id: 1 } }, { name: "order/paid" }];

beforeEach(() => vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => vi.useRealTimers());

async function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await vi.runAllTimersAsync();
  return promise;
}

describe("sending events", () => {
  test("one array, with times set here", async () => {
    const { client, sent } = sender([accepted]);
    expect(await settled(client.send(events))).toEqual({ ids: ["01A", "01B"] });
    expect(sent[0]!.url).toBe("http://server.test/base/e/NO_EVENT_KEY_SET");
    expect(JSON.parse(sent[0]!.body)).toEqual([
      { name: "order/placed", data: { id: 1 }, ts: 1_700_000_000_000 },
      { name: "order/paid", data: {}, ts: 1_700_000_000_000 },
    ]);
  });

  test("every try carries the same seed and the same body", async () => {
    const { client, sent } = sender([broken, unreachable, accepted]);
    await settled(client.send(events));
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map((request) => request.headers["x-inngest-event-id-seed"])).size).toBe(1);
    expect(new Set(sent.map((request) => request.body)).size).toBe(1);
    expect(sent[0]!.headers["x-inngest-event-id-seed"]).toMatch(/^1700000000000,[A-Za-z0-9+/]{14}==$/);
  });

  test("a refusal is not tried again", async () => {
    const { client, sent } = sender([() => Response.json({ error: "no such key", status: 401 }, { status: 401 })]);
    await expect(settled(client.send(events))).rejects.toMatchObject({ code: "send_failed" });
    expect(sent).toHaveLength(1);
  });

  test("a refusal behind status 200 is a refusal", async () => {
    const { client } = sender([() => Response.json({ ids: [], error: "bad event", status: 400 })]);
    await expect(settled(client.send(events))).rejects.toThrow("bad event");
  });

  test("five tries, then an error that says why", async () => {
    const { client, sent } = sender([unreachable]);
    const error = await settled(client.send(events)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "send_failed", cause: { message: "fetch failed" } });
    expect(sent).toHaveLength(5);
  });

  test("data that cannot be stored is refused before anything is sent", async () => {
    const { client, sent } = sender([accepted]);
    await expect(settled(client.send({ name: "x", data: { n: 1n } }))).rejects.toThrow("event.data.n");
    expect(sent).toEqual([]);
  });

  test("nothing to send is nothing sent", async () => {
    const { client, sent } = sender([accepted]);
    expect(await client.send([])).toEqual({ ids: [] });
    expect(sent).toEqual([]);
  });
});

describe("typed events", () => {
  const placed = eventType("order/placed", { schema: z.object({ id: z.string(), at: z.coerce.date().optional() }) });

  test("are checked when sent, and sent as they were given", async () => {
    const { client, sent } = sender([accepted]);
    await settled(client.send(placed.create({ id: "o-1" }, { id: "once" })));
    expect(JSON.parse(sent[0]!.body)).toEqual([
      { name: "order/placed", data: { id: "o-1" }, id: "once", ts: 1_700_000_000_000 },
    ]);
  });

  test("that do not fit are refused, with the path", async () => {
    const { client, sent } = sender([accepted]);
    const wrong = placed.create({ id: 7 as unknown as string });
    await expect(settled(client.send(wrong))).rejects.toMatchObject({ code: "event_schema_failed" });
    await expect(settled(client.send([{ ...wrong, id: "spread" }]))).rejects.toThrow(/id: /);
    expect(sent).toEqual([]);
  });
});

test("middleware changes and wraps what is sent", async () => {
  const log: string[] = [];
  const middleware: Middleware = {
    id: "m",
    transformSendEvent: ({ events }) => events.map((event) => ({ ...event, v: "2" })),
    async wrapSendEvent({ next, events }) {
      log.push(`before ${events.length}`);
      const result = await next();
      log.push(`after ${result.ids.length}`);
      return result;
    },
  };
  const { client, sent } = sender([accepted], { middleware: [middleware] });
  await settled(client.send(events));
  expect(JSON.parse(sent[0]!.body)[0].v).toBe("2");
  expect(log).toEqual(["before 2", "after 2"]);
});
