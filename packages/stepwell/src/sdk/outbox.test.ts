import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkpoints, EVENT } from "../../test/sdk/driver.ts";
import { type EventInput, eventType, type Middleware, type StepTools, Stepwell } from "../index.ts";
import { eventIdFromSeed } from "../protocol/ids.ts";
import { canonicalJson } from "../protocol/json.ts";
import { readOp } from "../protocol/reply.ts";
import { stepHash } from "../protocol/step-id.ts";
import { execute } from "./execute.ts";
import type { ExecutionRequest } from "./execution.ts";
import { createHandler } from "./handler.ts";
import { stepSeed } from "./seed.ts";

const RUN = "01K3Z0000000000000000000AB";
const NOW = 1_767_225_600_000;
const idOf = (step: string, index: number) => eventIdFromSeed(stepSeed(RUN, stepHash(step, 0)), index);

interface Options extends Partial<ExecutionRequest> {
  readonly middleware?: Middleware[];
}

/** A call whose server takes what a step sends along with its result; and what was sent in requests all the same. */
async function run(body: (step: StepTools) => unknown, { middleware = [], ...request }: Options = {}) {
  const requests: EventInput[][] = [];
  const client = new Stepwell({ id: "app", isDev: true, middleware });
  const fn = client.createFunction({ id: "f", triggers: { event: "e" }, retries: 1 }, ({ step }) => body(step));
  const sendEvents = async (events: readonly EventInput[]) => {
    requests.push([...events]);
    return { ids: ["requested"] };
  };
  const result = await execute({
    fn,
    event: EVENT,
    events: [EVENT],
    memos: new Map(),
    stack: [],
    runId: RUN,
    attempt: 0,
    maxAttempts: 2,
    target: null,
    disableImmediateExecution: false,
    checkpoint: null,
    logger: client.logger,
    sender: Stepwell.sender(client, fn, sendEvents),
    sendsCharsMax: 10_000,
    isExtended: true,
    now: () => NOW,
    ...request,
  });
  return { result, requests };
}

describe("events of a step, where the server can take them with its result", () => {
  test("travel with ids that follow from run and step, and the call goes on", async () => {
    const { saved, checkpoint } = checkpoints();
    const { result, requests } = await run(
      async (step) => {
        const { ids } = await step.sendEvent("send", [
          { name: "a", data: { n: 1 } },
          { name: "b", id: "mine", ts: 1e12 },
        ]);
        return step.run("after", () => ids);
      },
      { checkpoint },
    );
    const ids = [idOf("send", 0), idOf("send", 1)];
    expect(requests).toEqual([]);
    expect(result).toMatchObject({ kind: "returned", output: JSON.stringify(ids) });
    const [[sent], [after]] = saved as [[(typeof saved)[0][0]], [(typeof saved)[0][0]]];
    expect(sent).toMatchObject({
      op: "StepRun",
      name: "sendEvent",
      opts: { type: "step.sendEvent" },
      data: JSON.stringify({ ids }),
      sends: {
        events: [
          {
            stored: { id: ids[0], name: "a", ts: NOW, receivedAt: NOW, idempotencyId: null },
            parsed: { data: { n: 1 } },
          },
          { stored: { id: ids[1], ts: 1e12, idempotencyId: "mine" }, parsed: { id: "mine" }, mayExist: true },
        ],
        signals: [],
      },
    });
    expect(after!.sends).toBeNull();
  });

  test("are the same when the attempt is made again", async () => {
    const once = () => run((step) => step.sendEvent("send", { name: "a" }));
    expect((await once()).result).toEqual((await once()).result);
  });

  test("are dropped with a failed attempt", async () => {
    const failing: Middleware = {
      id: "failing",
      async wrapStepHandler({ next }) {
        await next();
        throw new Error("after sending");
      },
    };
    const { result } = await run((step) => step.sendEvent("send", { name: "a" }), { middleware: [failing] });
    expect(result).toMatchObject({ ops: [{ op: "StepError", sends: null }] });
  });

  test("pass the hooks of middleware and the schemas of their types", async () => {
    const renaming: Middleware = {
      id: "renaming",
      transformSendEvent: ({ events }) => events.map((event) => ({ ...event, name: `x/${event.name}` })),
      wrapSendEvent: async ({ next }) => ({ ids: (await next()).ids.map((id) => `id-${id}`) }),
    };
    const { result } = await run((step) => step.sendEvent("send", { name: "a" }), { middleware: [renaming] });
    expect(result).toMatchObject({
      ops: [{ data: `{"ids":["id-${idOf("send", 0)}"]}`, sends: { events: [{ stored: { name: "x/a" } }] } }],
    });
    const typed = eventType("t", { schema: z.object({ n: z.number() }) });
    const bad = await run((step) => step.sendEvent("send", { ...typed.create({ n: 1 }), data: {} }));
    expect(bad.result).toMatchObject({ ops: [{ op: "StepFailed", error: { code: "event_schema_failed" } }] });
  });

  test("go in a request of their own when they are too large for a reply", async () => {
    const { result, requests } = await run((step) =>
      step.sendEvent("send", { name: "a", data: { text: "x".repeat(1e4) } }),
    );
    expect(requests).toHaveLength(1);
    expect(result).toMatchObject({ ops: [{ op: "StepRun", data: '{"ids":["requested"]}', sends: null }] });
  });

  test("that could not be stored fail the step at once", async () => {
    const failed = async (event: EventInput) => (await run((step) => step.sendEvent("send", event))).result;
    const final = (code: string) => ({ ops: [{ op: "StepFailed", error: { code } }], noRetry: true });
    expect(await failed({ name: "inngest/function.failed" })).toMatchObject(final("event_name_reserved"));
    expect(await failed({ name: "a", ts: 5 })).toMatchObject(final("event_invalid"));
    expect(await failed({ name: "a", data: { at: 1n } })).toMatchObject(final("value_not_storable"));
  });

  test("none at all is nothing to send", async () => {
    expect((await run((step) => step.sendEvent("send", []))).result).toMatchObject({
      ops: [{ data: '{"ids":[]}', sends: null }],
    });
  });

  test("fill the buffer of results that are saved later", async () => {
    const { saved, checkpoint } = checkpoints(() => "saved", { bufferedSteps: 100 });
    const data = { text: "x".repeat(600_000) };
    await run(
      async (step) => {
        for (let n = 0; n < 3; n++) await step.sendEvent("send", { name: "a", data });
      },
      { checkpoint, sendsCharsMax: 1e6 },
    );
    expect(saved.map((ops) => ops.length)).toEqual([2]);
  });
});

describe("a signal of a step", () => {
  test("travels with its result, which is null", async () => {
    const { result } = await run((step) => step.sendSignal("send", { signal: "s", data: { b: 1, a: 2 }, ttl: "5m" }));
    expect(result).toMatchObject({
      ops: [
        {
          op: "StepRun",
          name: "sendSignal",
          opts: { type: "step.sendSignal" },
          data: "null",
          sends: { events: [], signals: [{ signal: "s", data: '{"a":2,"b":1}', ttlMs: 300_000 }] },
        },
      ],
    });
  });

  test("that cannot be fails the step at once", async () => {
    const failed = async (signal: object) => (await run((step) => step.sendSignal("send", signal as never))).result;
    expect(await failed({})).toMatchObject({ ops: [{ op: "StepFailed", error: { code: "option_invalid" } }] });
    expect(await failed({ signal: "s", ttl: "8d" })).toMatchObject({ ops: [{ error: { code: "option_invalid" } }] });
  });
});

describe("over HTTP", () => {
  const serve = (body: (step: StepTools) => unknown) => {
    const requests: { url: string; body: unknown }[] = [];
    const fetch = async (url: string, init: RequestInit) => {
      requests.push({ url, body: JSON.parse(String(init.body)) });
      return Response.json({ ids: ["requested"], status: 200, data: { run_id: "01RUN" } });
    };
    const client = new Stepwell({ id: "app", isDev: true, baseUrl: "http://server.test", fetch });
    const fn = client.createFunction({ id: "f", triggers: { event: "e" } }, ({ step }) => body(step));
    const handle = createHandler({ client, functions: [fn] });
    const ctx = { run_id: RUN, attempt: 0, max_attempts: 2, stack: { stack: [], current: 0 } };
    const call = { ctx, event: EVENT, events: [EVENT], steps: {}, use_api: false, version: 2 };
    const post = async (headers: Record<string, string>) => {
      const init = { method: "POST", body: canonicalJson(call), headers };
      return (await (await handle(new Request("http://app.test/api?fnId=app-f", init))).json()) as unknown[];
    };
    return { post, requests };
  };
  const both = async (step: StepTools) =>
    Promise.all([step.sendEvent("e", { name: "a", ts: NOW }), step.sendSignal("s", { signal: "x", ttl: "1m" })]);
  const one = (step: StepTools) => step.sendEvent("e", { name: "a", id: "mine", ts: NOW, user: { u: 1 }, v: "1" });

  test("what a server can take is read back as it was", async () => {
    const { post, requests } = serve(one);
    const [op] = await post({ "x-stepwell-features": "other, sends" });
    expect(requests).toEqual([]);
    expect(op).toMatchObject({
      sends: {
        events: [{ internal_id: idOf("e", 0), id: "mine", name: "a", data: {}, ts: NOW, user: { u: 1 }, v: "1" }],
        signals: [],
      },
    });
    expect(readOp(op, false, NOW)).toMatchObject({
      sends: { events: [{ stored: { id: idOf("e", 0), idempotencyId: "mine" }, parsed: { id: "mine" } }] },
    });
  });

  test("an event without an id of its producer keeps the id that functions see", async () => {
    const [op] = await serve((step) => step.sendEvent("e", { name: "a", ts: NOW })).post({
      "x-stepwell-features": "sends",
    });
    expect(op).not.toHaveProperty("sends.events.0.id");
    expect(readOp(op, false, NOW)).toMatchObject({ sends: { events: [{ parsed: { id: idOf("e", 0) } }] } });
  });

  test("other servers get requests, as ever", async () => {
    const { post, requests } = serve(one);
    const [op] = await post({});
    expect(op).toMatchObject({ op: "StepRun", data: { ids: ["requested"] } });
    expect(op).not.toHaveProperty("sends");
    expect(requests).toMatchObject([{ url: "http://server.test/e/NO_EVENT_KEY_SET" }]);
    const signals = serve((step) => step.sendSignal("s", { signal: "x", data: 1, ttl: "1m" }));
    expect(await signals.post({})).toMatchObject([{ op: "StepRun", data: null }]);
    expect(signals.requests).toEqual([
      { url: "http://server.test/v1/signals", body: { signal: "x", data: 1, ttl: "1m" } },
    ]);
  });

  test("in a group each is planned, as every step with a body", async () => {
    expect(await serve(both).post({ "x-stepwell-features": "sends" })).toMatchObject([
      { op: "StepPlanned", opts: { type: "step.sendEvent" } },
      { op: "StepPlanned", opts: { type: "step.sendSignal" } },
    ]);
  });
});
