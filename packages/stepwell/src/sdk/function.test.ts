/** What types refuse, written by somebody without types: a coded error that names the place, where the mistake is. */
import { expect, test } from "vitest";
import { createApp } from "./app.ts";
import { Stepwell } from "./client.ts";

const client = new Stepwell({ id: "shop", isDev: true });

type Loose = (...args: unknown[]) => unknown;
const create = client.createFunction.bind(client) as Loose;
const serve = (options: object) => createApp(options as never, "test");

test("a function without id, trigger or handler is refused", () => {
  expect(() => create()).toThrow("`id` must be a text that is not empty");
  expect(() => create({ id: "f" }, { event: "order/placed" }, () => 1)).toThrow("`triggers` is missing");
  expect(() => create({ id: "f", triggers: { event: "order/placed" } })).toThrow('createFunction("f"): the handler');
});

test("a trigger that is none is refused with what one is", () => {
  const f = (triggers: unknown) => create({ id: "f", triggers }, () => 1);
  expect(() => f("order/placed")).toThrow("a trigger is an event type, { event } or { cron }");
  expect(() => f({ name: "order/placed" })).toThrow("a trigger is");
  expect(() => f([{ event: "order/placed" }, undefined])).toThrow("a trigger is");
  expect(() => f([])).not.toThrow();
});

test("what cannot be served is refused by name", () => {
  const fn = client.createFunction({ id: "f", triggers: [] }, () => 1);
  expect(() => serve({ functions: [fn] })).toThrow("serve: it needs a `client` and a list of `functions`.");
  expect(() => serve({ client })).toThrow("a list of `functions`");
  expect(() => serve({ client, functions: { fn } })).toThrow("a list of `functions`");
  expect(() => serve({ client, functions: [fn, undefined] })).toThrow(
    "serve: functions[1] is no function of a client.",
  );
});

test("limits of time and rules of cancelling are refused where they stand, not at the first sync", () => {
  const f = (more: object) => create({ id: "f", triggers: [], ...more }, () => 1);
  expect(() => f({ timeouts: { finish: "soon" } })).toThrow(
    'createFunction("f"): timeouts.finish: "soon" is not a duration',
  );
  expect(() => f({ cancelOn: { event: "order/cancelled" } })).toThrow("`cancelOn` must be a list of rules");
  expect(() => f({ cancelOn: [{ event: "order/cancelled", timeout: "late" }] })).toThrow("cancelOn.timeout");
});

test("sending nothing, or what has no name, is refused", async () => {
  const send = client.send.bind(client) as unknown as (event?: unknown) => Promise<unknown>;
  await expect(send()).rejects.toMatchObject({ code: "option_invalid" });
  await expect(send({ data: {} })).rejects.toThrow("send: an event needs a `name`.");
});
