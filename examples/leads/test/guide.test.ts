/** The guide, section by section, running for real: HTTP, a server process, the app, and a stub of its services. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appFunctions, listRuns } from "../src/quickstart/server-api.ts";
import { commandPath } from "../src/quickstart/server-process.ts";
import { functions } from "../src/stepwell/functions.ts";
import type { StubCall } from "../src/stub/server.ts";
import { until, World } from "./world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world?.end());

interface LeadAnswer {
  readonly lead_id: string;
  readonly status: string;
  readonly event_id: string;
}

const ADA = { name: "Ada", company: "Engines", email: "ada@example.com" };
const postLead = (lead: object) => world.api<LeadAnswer>("POST", "/leads", lead);
const names = (steps: readonly { name: string }[]) => steps.map((step) => step.name);

/** What the server knows: the functions, and the hooks on their ends, which are functions of their own. */
const registered = functions.flatMap((fn) => [fn, ...fn.hooks]);

interface StoredEvent {
  readonly internal_id: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly lead_id?: string };
}

async function storedEvents(name: string): Promise<StoredEvent[]> {
  const response = await fetch(`${world.serverUrl}/v1/events?name=${name}&limit=50`);
  return ((await response.json()) as { data: StoredEvent[] }).data;
}

const order = (orderId: string, more: object = {}) => ({
  order_id: orderId,
  user_id: "u-1",
  sku: "book",
  card: "4242",
  amount_cents: 900,
  ...more,
});

describe("§2 the client", () => {
  test("it names the app that the server knows", async () => {
    const response = await fetch(`${world.serverUrl}/v1/apps`);
    const { data } = (await response.json()) as { data: { name: string; function_count: number }[] };
    expect(data).toMatchObject([{ name: "leads", function_count: registered.length }]);
  });
});

describe("§3 registering", () => {
  test("every function of the registry is known with its id, retries and triggers", async () => {
    const known = new Map((await appFunctions(world.serverUrl, "leads")).map((fn) => [fn.slug, fn]));
    expect([...known.keys()].sort()).toEqual(registered.map((fn) => fn.slug).sort());
    expect(known.get("leads-leads/process-new-lead")).toMatchObject({ triggers: [{ event: "api/new-lead" }] });
  });

  test("the endpoint tells who it is", async () => {
    const response = await fetch(`${world.appUrl}/api/stepwell`);
    expect(await response.json()).toMatchObject({ function_count: registered.length, mode: "dev" });
  });
});

describe("§4 step chaining", () => {
  test("each step gets what the steps before it returned", async () => {
    const lead = await postLead(ADA);
    const run = await world.ended(lead.event_id, "leads/process-new-lead");
    expect(run).toMatchObject({
      status: "Completed",
      output: { status: "completed", lead_id: lead.lead_id, method: "email" },
    });
    const steps = await world.steps(run);
    expect(names(steps)).toEqual(["create-profile", "create-offer", "create-strategy", "create-email", "send-email"]);
    const [profile, offer, strategy] = steps.map((step) => step.output);
    expect(world.asked("/create-email", { lead_id: lead.lead_id })).toMatchObject([
      { body: { profile, offer, strategy } },
    ]);
    expect(world.asked("/emails", { to: ADA.email })).toHaveLength(1);
  });

  test("the strategy picks the branch: a lead without e-mail is called", async () => {
    const lead = await postLead({ name: "Grace", phone: "+1 555 0100" });
    const run = await world.ended(lead.event_id, "leads/process-new-lead");
    expect(run.output).toMatchObject({ method: "phone" });
    expect(names(await world.steps(run)).slice(3)).toEqual(["create-call-script", "initiate-call"]);
    expect(world.asked("/calls", { lead_id: lead.lead_id })).toHaveLength(1);
  });

  test("a step that fails is tried again, and the finished ones before it are not", async () => {
    world.stub.behave("/create-strategy", { failures: 2 });
    const lead = await postLead({ name: "Edsger", email: "edsger@example.com" });
    const run = await world.ended(lead.event_id, "leads/process-new-lead");
    expect(run.status).toBe("Completed");
    const ofLead = { lead_id: lead.lead_id };
    expect(world.asked("/create-strategy", ofLead).map((call) => call.status)).toEqual([503, 503, 200]);
    expect(world.asked("/create-profile", ofLead)).toHaveLength(1);
    expect(world.asked("/create-offer", ofLead)).toHaveLength(1);
  });
});

describe("§5 retries", () => {
  test("by default a step is tried once and then three times more", async () => {
    world.stub.behave("/stock/update", { failures: 100 });
    const run = await world.ended(await world.send("order/updated", { order_id: "o-5a" }), "orders/handle-update");
    world.stub.behave("/stock/update", {});
    expect(run).toMatchObject({ status: "Failed", output: { message: expect.stringContaining("503") } });
    expect(world.asked("/stock/update", { order_id: "o-5a" })).toHaveLength(4);
  });

  test("retries: 5 makes six attempts", async () => {
    world.stub.behave("/external", { failures: 5 });
    const run = await world.ended(await world.send("api/call-external", { request_id: "r-5" }), "api/external-call");
    expect(run).toMatchObject({ status: "Completed", output: { accepted: true } });
    expect(world.asked("/external", { request_id: "r-5" })).toHaveLength(6);
  });

  test("NonRetriableError stops at once", async () => {
    const eventId = await world.send("order/placed", order("o-5b", { card: "declined" }));
    const run = await world.ended(eventId, "api/process-order");
    expect(run).toMatchObject({
      status: "Failed",
      output: { name: "NonRetriableError", message: "Invalid card: card declined was declined" },
    });
    expect(world.asked("/charges", { order_id: "o-5b" })).toHaveLength(1);
  });

  test("any other error is tried again with the default backoff", async () => {
    world.stub.behave("/charges", { failures: 2, status: 504 });
    const run = await world.ended(await world.send("order/placed", order("o-5c")), "api/process-order");
    expect(run).toMatchObject({ status: "Completed", output: { status: "paid" } });
    expect(world.asked("/charges", { order_id: "o-5c" })).toHaveLength(3);
  });

  test("RetryAfterError waits as long as it says", async () => {
    world.stub.behave("/charges", { failures: 1, status: 429 });
    const eventId = await world.send("order/placed", order("o-5d"));
    const run = await world.run(eventId, "api/process-order");
    await world.step(run, "process-payment", "Retrying");
    await world.travel(HOUR - MINUTE);
    expect(world.asked("/charges", { order_id: "o-5d" })).toHaveLength(1);
    await world.travel(MINUTE);
    expect((await world.ended(eventId, "api/process-order")).status).toBe("Completed");
    expect(world.asked("/charges", { order_id: "o-5d" })).toHaveLength(2);
  });
});

describe("§6 concurrency", () => {
  /** The most of these calls that were under way at once. */
  const atOnce = (calls: readonly StubCall[]) =>
    Math.max(
      ...calls.map(({ beganAt }) => calls.filter((one) => one.beganAt <= beganAt && beganAt < one.endedAt).length),
    );
  const sendAll = async (name: string, functionId: string, data: readonly object[]) => {
    const eventIds = await Promise.all(data.map((one) => world.send(name, one)));
    const runs = await Promise.all(eventIds.map((id) => world.ended(id, functionId)));
    expect(runs.every((run) => run.status === "Completed")).toBe(true);
  };

  test("at most ten orders at once, and all of them in the end", async () => {
    world.stub.behave("/charges", { delayMs: 150 });
    const orders = Array.from({ length: 14 }, (_, index) => order(`o-6-${index}`));
    await sendAll("order/placed", "api/process-order", orders);
    world.stub.behave("/charges", {});
    const calls = world.asked("/charges").filter(({ body }) => String(body["order_id"]).startsWith("o-6-"));
    expect(calls).toHaveLength(14);
    expect(atOnce(calls)).toBeGreaterThan(3);
    expect(atOnce(calls)).toBeLessThanOrEqual(10);
  });

  test("at most three actions of one user at once; another user does not wait for them", async () => {
    world.stub.behave("/external", { delayMs: 300 });
    const actions = (userId: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({ user_id: userId, action: `click ${index}` }));
    await sendAll("user/action", "api/user-action", [...actions("u-6a", 7), ...actions("u-6b", 1)]);
    world.stub.behave("/external", {});
    const [ofOne, ofOther] = ["u-6a", "u-6b"].map((userId) => world.asked("/external", { user_id: userId }));
    expect(ofOne).toHaveLength(7);
    expect(atOnce(ofOne!)).toBeGreaterThan(1);
    expect(atOnce(ofOne!)).toBeLessThanOrEqual(3);
    const lastOfOne = Math.max(...ofOne!.map(({ beganAt }) => beganAt));
    expect(ofOther![0]!.beganAt).toBeLessThan(lastOfOne);
  });

  test("several rules at once: a hundred in all, and five of one user", async () => {
    world.stub.behave("/emails", { delayMs: 200 });
    const ofUser = (userId: string) => Array(7).fill({ user_id: userId, type: "order_confirmation" }) as object[];
    await sendAll("notification/send", "api/send-notification", [...ofUser("u-6c"), ...ofUser("u-6d")]);
    world.stub.behave("/emails", {});
    const [first, second] = ["u-6c", "u-6d"].map((user) => world.asked("/emails", { to: `${user}@example.com` }));
    expect([first!.length, second!.length]).toEqual([7, 7]);
    for (const calls of [first!, second!]) expect(atOnce(calls)).toBeLessThanOrEqual(5);
    expect(atOnce([...first!, ...second!])).toBeGreaterThan(5);
  });
});

describe("§7 sending events", () => {
  test("from an API endpoint", async () => {
    const lead = await postLead({ ...ADA, client_id: "c-7" });
    expect(lead.status).toBe("workflow_triggered");
    const response = await fetch(`${world.serverUrl}/v1/events/${lead.event_id}`);
    const { data } = (await response.json()) as { data: object };
    expect(data).toMatchObject({ name: "api/new-lead", data: { lead_id: lead.lead_id, lead: ADA, client_id: "c-7" } });
  });

  test("several at once", async () => {
    const { event_ids: ids } = await world.api<{ event_ids: [string, string, string] }>(
      "POST",
      "/orders",
      order("o-7"),
    );
    expect(ids).toHaveLength(3);
    expect((await world.ended(ids[0], "orders/handle-update")).output).toMatchObject({ handled: "order/placed" });
    expect((await world.ended(ids[2], "api/send-notification")).output).toMatchObject({ status: "sent" });
  });

  test("all or none: one bad event stores nothing", async () => {
    const events = [{ name: "user/signed-up", data: { user_id: "u-atomic" } }, { name: "" }];
    const response = await fetch(`${world.serverUrl}/e/any-key`, { method: "POST", body: JSON.stringify(events) });
    expect(response.status).toBe(400);
    expect(await storedEvents("user/signed-up")).toEqual([]);
  });

  test("from within a workflow, with client.send", async () => {
    const lead = await postLead(ADA);
    expect((await world.ended(lead.event_id, "leads/initial")).status).toBe("Completed");
    const sent = (await storedEvents("workflow/await-reply")).filter((event) => event.data.lead_id === lead.lead_id);
    expect(sent).toMatchObject([{ data: { follow_up_time: 86_400 } }]);
    const waiting = await world.run(sent[0]!.internal_id, "leads/await-reply");
    await world.step(waiting, "wait-for-reply", "Waiting");
  });

  test("from within a workflow, as a step", async () => {
    const run = await world.ended(await world.send("order/placed", order("o-7b")), "api/process-order");
    const { output } = await world.step(run, "payment-completed", "Completed");
    const sent = (await storedEvents("payment/completed")).filter((event) => event.data["order_id"] === "o-7b");
    expect(sent.map((event) => event.internal_id)).toEqual((output as { ids: string[] }).ids);
  });
});

describe("§8 multiple triggers", () => {
  test("one function handles three events", async () => {
    const handled = async (name: string, data: object) => {
      const run = await world.ended(await world.send(name, data), "orders/handle-update");
      return [run.output, names(await world.steps(run))];
    };
    const of = (name: string) => ({ handled: name, order_id: "o-8" });
    expect(await handled("order/placed", order("o-8"))).toEqual([of("order/placed"), ["process-new"]]);
    expect(await handled("order/updated", { order_id: "o-8" })).toEqual([of("order/updated"), ["process-update"]]);
    expect(await handled("order/cancelled", { order_id: "o-8" })).toEqual([of("order/cancelled"), ["process-cancel"]]);
  });

  test("the guide's schedules are registered as written", async () => {
    const all = await appFunctions(world.serverUrl, "leads");
    const crons = all.flatMap((fn) => fn.triggers.flatMap(({ cron }) => (cron === undefined ? [] : [cron])));
    expect(crons.sort()).toEqual(["*/15 * * * *", "0 0 * * 0", "0 9 * * *", "TZ=Europe/Rome 0 0 1 * *"]);
  });

  test("the daily report is made at nine, and days the server was off are made up for once", async () => {
    const reports = () => listRuns(world.serverUrl, "function=leads-scheduled/daily-report");
    const nine = Math.ceil((world.now + 2 * MINUTE - 9 * HOUR) / DAY) * DAY + 9 * HOUR;
    await world.travelTo(nine - MINUTE);
    const before = (await reports()).length;

    await world.travelTo(nine - SECOND);
    const report = await until("the report", async () =>
      (await reports()).find((run) => run.status === "Completed" && Date.parse(run.queued_at) >= nine),
    );
    expect(names(await world.steps(report))).toEqual(["generate-report", "send-report"]);
    expect(await reports()).toHaveLength(before + 1);

    await world.travelTo(nine + 3 * DAY + HOUR);
    await until("the missed report", async () => ((await reports()).length > before + 1 ? true : undefined));
    expect(await reports()).toHaveLength(before + 2);
  });
});

describe("§9 sleep and delays", () => {
  test("the drip campaign sleeps for days, through restarts", async () => {
    const { event_id: id } = await world.api<{ event_id: string }>("POST", "/users", { user_id: "u-9" });
    const run = await world.run(id, "onboarding/drip-campaign");
    const sent = () => world.asked("/emails", { to: "u-9@example.com" }).map((call) => call.body["subject"]);
    await world.step(run, "wait-1-day", "Sleeping");
    expect(sent()).toEqual(["Welcome"]);

    await world.travel(DAY - MINUTE);
    await world.step(run, "wait-1-day", "Sleeping");
    await world.travel(MINUTE);
    await world.step(run, "wait-3-days", "Sleeping");
    expect(sent()).toEqual(["Welcome", "Three tips"]);

    await world.travel(3 * DAY);
    expect((await world.ended(id, "onboarding/drip-campaign")).output).toEqual({ status: "completed", emails_sent: 3 });
    expect(sent()).toEqual(["Welcome", "Three tips", "Did you know?"]);
  });
});

describe("§9 duration formats", () => {
  test("30s, 5m, 2h, 7d and an object of fields are as long as they say", async () => {
    const { lead_id } = await postLead(ADA);
    const run = async (name: string, data: object, functionId: string) =>
      world.run(await world.send(name, { lead_id, ...data }), functionId);
    const seconds = await run("api/reply-received", { text: "Hello" }, "leads/receive-reply");
    const booked = { email: ADA.email, starts_at: new Date(world.now).toISOString() };
    const appointment = await run("api/appointment-booked", booked, "leads/appointment");
    const hours = await run("workflow/await-reply", { follow_up_time: 86_400 }, "leads/await-reply");
    const days = await run("workflow/follow-up", {}, "leads/follow-up");
    await world.step(days, "wait-7-days", "Sleeping");

    await world.travel(10 * SECOND);
    await world.step(seconds, "wait-30-seconds", "Sleeping");

    await world.travel(4 * MINUTE);
    await world.step(seconds, "wait-30-seconds", "Completed");
    await world.step(appointment, "wait-5-minutes", "Sleeping");

    await world.travel(MINUTE);
    await world.step(appointment, "wait-5-minutes", "Completed");
    await world.step(appointment, "approval", "Waiting");
    await world.api("POST", `/leads/${lead_id}/appointments/approve`, { by: "Grace" });
    await world.step(appointment, "wait-for-appointment", "Completed"); // In the past: it has come.
    await world.step(appointment, "wait-2-hours", "Sleeping");

    await world.travel(2 * HOUR);
    await world.step(appointment, "wait-2-hours", "Completed");
    await world.step(hours, "wait-for-reply", "Waiting");

    await world.travel(22 * HOUR);
    await world.step(hours, "wait-for-reply", "TimedOut");
    await world.step(days, "wait-7-days", "Sleeping");

    await world.travel(6 * DAY);
    await world.step(days, "wait-7-days", "Completed");
  });
});

describe("§12 the development server", () => {
  test("it is up, and lists what it knows", async () => {
    expect((await fetch(`${world.serverUrl}/health`)).status).toBe(200);
    const dev = (await (await fetch(`${world.serverUrl}/dev`)).json()) as { functions: unknown[] };
    expect(dev.functions).toHaveLength(registered.length);
  });

  test("events are triggered by hand, with the command", async () => {
    const data = JSON.stringify({ user_id: "u-12", action: "click" });
    const args = [commandPath(), "send", "user/action", "--data", data, "--url", world.serverUrl, "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { ids } = JSON.parse(stdout) as { ids: [string] };
    expect((await world.ended(ids[0], "api/user-action")).output).toEqual({ status: "handled" });
  });

  test("what happens is told as it happens", async () => {
    const feed = await fetch(`${world.serverUrl}/v1/feed`);
    await world.send("user/action", { user_id: "u-12", action: "watched" });
    let told = "";
    for await (const chunk of feed.body!.pipeThrough(new TextDecoderStream())) {
      told += chunk;
      if (told.includes("event: run_ended")) break;
    }
    const kinds = [...told.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]);
    expect(kinds).toEqual(["event_received", "run_created", "run_started", "step_completed", "run_ended"]);
  });

  test("runs are listed by status, and a failed one says why", async () => {
    const failed = await listRuns(world.serverUrl, "status=failed&function=leads-api/process-order");
    expect(failed).toMatchObject([{ status: "Failed", output: { message: expect.stringContaining("Invalid card") } }]);
  });

  test("the dashboard is served", async () => {
    const page = await fetch(world.serverUrl);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")]);
  });
});
