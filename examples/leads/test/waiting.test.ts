/** Waiting, composing and cancelling, over real HTTP: the server is a process of its own, and days pass in seconds. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { oneRun } from "../src/quickstart/server-api.ts";
import { until, World } from "./world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ADA = { name: "Ada", company: "Engines", email: "ada@example.com" };

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world?.end());

const postLead = async (lead: object = ADA) => {
  return world.api<{ lead_id: string; event_id: string }>("POST", "/leads", lead);
};
const post = (leadId: string, path: string, body?: object) =>
  world.api<{ event_id: string; run_id: string | null }>("POST", `/leads/${leadId}/${path}`, body);

/** A run that gives this lead `seconds` to reply. */
async function awaiting(leadId: string, seconds: number) {
  const eventId = await world.send("workflow/await-reply", { lead_id: leadId, follow_up_time: seconds });
  const run = await world.run(eventId, "leads/await-reply");
  await world.step(run, "wait-for-reply", "Waiting");
  return { eventId, run };
}

describe("a lead's reply", () => {
  test("it is read as soon as it comes", async () => {
    const { lead_id: leadId } = await postLead();
    const { eventId } = await awaiting(leadId, 86_400);
    await post(leadId, "replies", { text: "Tell me more" });
    const run = await world.ended(eventId, "leads/await-reply");
    expect(run).toMatchObject({ status: "Completed", output: { status: "replied", interest: "high" } });
    expect(world.asked("/read-reply", { lead_id: leadId })[0]?.body).toMatchObject({ text: "Tell me more" });
  });

  test("one lead's reply is no other's", async () => {
    const [ada, grace] = [await postLead(), await postLead()];
    const [ofAda, ofGrace] = [await awaiting(ada.lead_id, 86_400), await awaiting(grace.lead_id, 86_400)];
    await post(grace.lead_id, "replies", { text: "No" });
    expect((await world.ended(ofGrace.eventId, "leads/await-reply")).output).toMatchObject({ interest: "low" });
    expect((await oneRun(world.serverUrl, ofAda.run.run_id)).status).toBe("Running");
  });

  test("silence is followed up by a run that the workflow invokes and waits for", async () => {
    const { lead_id: leadId } = await postLead();
    const { eventId, run } = await awaiting(leadId, 3_600);
    await world.travel(HOUR);
    const invoking = await world.step(run, "follow-up", "Waiting");
    const child = await oneRun(world.serverUrl, invoking.child_run_id!);
    expect(child).toMatchObject({ function_slug: "leads-leads/follow-up", parent_run_id: run.run_id });
    await world.step(child, "wait-7-days", "Sleeping");

    await world.travel(7 * DAY);
    const ended = await world.ended(eventId, "leads/await-reply");
    expect(ended.output).toEqual({ status: "followed-up", follow_up: "closed" });
  });
});

describe("a cancelled lead", () => {
  test("it stops the lead's workflow in the middle, and nothing of it happens afterwards", async () => {
    world.stub.behave("/create-offer", { delayMs: 400 });
    const { lead_id: leadId, event_id: eventId } = await postLead();
    const run = await world.run(eventId, "leads/process-new-lead");
    await world.step(run, "create-profile", "Completed");
    await post(leadId, "cancel");
    const ended = await world.ended(eventId, "leads/process-new-lead");
    world.stub.behave("/create-offer", {});
    expect(ended).toMatchObject({ status: "Cancelled", reason: "cancelled_by_event" });
    expect(world.asked("/create-strategy", { lead_id: leadId })).toEqual([]);
  });

  test("it stops whatever waits for the lead, and the run that this one invoked", async () => {
    const { lead_id: leadId } = await postLead();
    const { eventId, run } = await awaiting(leadId, 3_600);
    await world.travel(HOUR);
    const { child_run_id: childId } = await world.step(run, "follow-up", "Waiting");
    await post(leadId, "cancel");
    expect((await world.ended(eventId, "leads/await-reply")).status).toBe("Cancelled");
    const child = await until("the child's end", async () => {
      const found = await oneRun(world.serverUrl, childId!);
      return found.ended_at === null ? undefined : found;
    });
    expect(child.status).toBe("Cancelled");
  });

  test("another lead's workflows go on", async () => {
    const [ada, grace] = [await postLead(), await postLead()];
    const { run } = await awaiting(ada.lead_id, 86_400);
    await post(grace.lead_id, "cancel");
    expect((await world.ended(grace.event_id, "leads/process-new-lead")).status).toMatch(/Completed|Cancelled/);
    expect((await oneRun(world.serverUrl, run.run_id)).status).toBe("Running");
  });
});

describe("an appointment", () => {
  const book = async (leadId: string) => {
    const startsAt = new Date(world.now + DAY).toISOString();
    const { event_id: eventId } = await post(leadId, "appointments", { email: ADA.email, starts_at: startsAt });
    const run = await world.run(eventId, "leads/appointment");
    return { eventId, run };
  };

  test("approved, it is confirmed", async () => {
    const { lead_id: leadId } = await postLead();
    const { run } = await book(leadId);
    await world.travel(5 * 60_000);
    await world.step(run, "approval", "Waiting");
    expect((await post(leadId, "appointments/approve", { by: "Grace" })).run_id).toBe(run.run_id);
    await world.step(run, "wait-for-appointment", "Sleeping");
    expect(world.asked("/emails", { subject: "Your appointment" })).toHaveLength(1);
  });

  test("an approval that comes before anybody waits for it is kept", async () => {
    const { lead_id: leadId } = await postLead();
    const { run } = await book(leadId);
    await world.step(run, "wait-5-minutes", "Sleeping");
    expect((await post(leadId, "appointments/approve", { by: "Grace" })).run_id).toBeNull();
    await world.travel(5 * 60_000);
    expect((await world.step(run, "approval", "Completed")).output).toMatchObject({ data: { by: "Grace" } });
  });

  test("cancelled, the lead is told that it is off", async () => {
    const { lead_id: leadId } = await postLead();
    const { eventId, run } = await book(leadId);
    await world.step(run, "wait-5-minutes", "Sleeping");
    const response = await fetch(`${world.serverUrl}/v1/runs/${run.run_id}`, { method: "DELETE" });
    expect(response.status).toBe(200);
    const ended = await world.ended(eventId, "leads/appointment");
    expect(ended).toMatchObject({ status: "Cancelled", reason: "cancelled_by_request" });
    const told = () => world.asked("/emails", { subject: "Your appointment is off" });
    await until("the e-mail", async () => (told().length > 0 ? true : undefined));
  });
});

test("the team is told of a lead whose workflow failed for good", async () => {
  world.stub.behave("/create-profile", { failures: 100 });
  const { event_id: eventId } = await postLead();
  const run = await world.ended(eventId, "leads/process-new-lead");
  world.stub.behave("/create-profile", {});
  expect(run.status).toBe("Failed");
  const told = () => world.asked("/emails", { to: "team@example.com", subject: "A lead needs a human" });
  await until("the e-mail", async () => (told().length > 0 ? true : undefined));
  expect(told()[0]?.body["text"]).toContain(run.run_id);
});
