/**
 * The same workflows without a server: the engine runs in this process and its clock moves when the test says so. A wait
 * of a day or a timeout of a month takes milliseconds.
 */
import { createTestEngine, type TestEngine } from "stepwell/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { findStatus, saveLead } from "../src/database.ts";
import { client } from "../src/stepwell/client.ts";
import { appointmentBooked, awaitReply, leadCancelled, replyReceived } from "../src/stepwell/events.ts";
import { appointmentApproved } from "../src/stepwell/signals.ts";
import { appointmentWorkflow } from "../src/stepwell/workflows/appointment/workflow.ts";
import { awaitReplyWorkflow } from "../src/stepwell/workflows/await-reply/workflow.ts";
import { followUpWorkflow } from "../src/stepwell/workflows/follow-up/workflow.ts";
import { type Stub, startStub } from "../src/stub/server.ts";

let stub: Stub;
beforeAll(async () => {
  stub = await startStub();
  process.env["SERVICES_URL"] = stub.url;
});
afterAll(() => stub.close());

let engine: TestEngine;
let leadId: string;
beforeEach(async () => {
  const functions = [awaitReplyWorkflow, followUpWorkflow, appointmentWorkflow];
  engine = await createTestEngine({ functions, client });
  leadId = saveLead({ name: "Ada", email: "ada@example.com" }).id;
});
afterEach(() => engine.stop());

/** The lead has a day to reply. */
async function startWaiting(): Promise<string> {
  const { runIds } = await engine.send(awaitReply.create({ lead_id: leadId, follow_up_time: 86_400 }));
  await engine.runUntilIdle();
  return runIds[0]!;
}

test("a reply in time ends the wait", async () => {
  const runId = await startWaiting();
  await engine.advance("23h");
  await engine.send(replyReceived.create({ lead_id: leadId, text: "Tell me more" }));
  expect((await engine.waitForRun(runId)).output).toEqual({ status: "replied", interest: "high" });
  expect(findStatus(leadId)).toBe("replied: high");
});

test("a reply of somebody else does not", async () => {
  const runId = await startWaiting();
  await engine.send(replyReceived.create({ lead_id: "another lead", text: "Hello" }));
  await engine.runUntilIdle();
  expect((await engine.getRun(runId))?.status).toBe("running");
});

test("a reply that came a moment before the wait counts too", async () => {
  const { runIds } = await engine.send([
    awaitReply.create({ lead_id: leadId, follow_up_time: 86_400 }),
    replyReceived.create({ lead_id: leadId, text: "Tell me more" }),
  ]);
  expect((await engine.waitForRun(runIds[0]!)).output).toMatchObject({ status: "replied" });
});

test("after a day of silence the follow-up is invoked, and a week later both have ended", async () => {
  const runId = await startWaiting();
  await engine.advance("1d");
  const steps = await engine.getSteps(runId);
  expect(steps.map(({ name, status }) => [name, status])).toEqual([
    ["wait-for-reply", "timed_out"],
    ["follow-up", "waiting"],
  ]);
  const childId = steps[1]!.childRunId!;
  expect(await engine.getRun(childId)).toMatchObject({ function: "leads-leads/follow-up", status: "running" });

  await engine.advance("7d");
  expect((await engine.waitForRun(childId)).output).toEqual({ status: "closed" });
  expect((await engine.waitForRun(runId)).output).toEqual({ status: "followed-up", follow_up: "closed" });
});

test("a cancelled lead stops its runs", async () => {
  const runId = await startWaiting();
  await engine.advance("1d");
  const childId = (await engine.getSteps(runId))[1]!.childRunId!;
  await engine.send(leadCancelled.create({ lead_id: leadId }));
  const cancelled = { status: "cancelled", reason: "cancelled_by_event" };
  expect(await engine.waitForRun(runId)).toMatchObject(cancelled);
  expect((await engine.waitForRun(childId)).status).toBe("cancelled");
});

async function book(): Promise<string> {
  const booked = { lead_id: leadId, email: "ada@example.com", starts_at: "2030-02-01T10:00:00Z" };
  return (await engine.send(appointmentBooked.create(booked))).runIds[0]!;
}

test("an appointment is approved by a signal", async () => {
  const runId = await book();
  await engine.advance("5m");
  const answer = await engine.sendSignal({ signal: appointmentApproved(leadId), data: { by: "Grace" } });
  expect(answer).toEqual({ runId });
  await engine.advanceTo("2030-02-01T12:00:00Z");
  expect((await engine.waitForRun(runId)).output).toEqual({ status: "completed", approved_by: "Grace" });
});

test("nobody approves it: it is over after a day", async () => {
  const runId = await book();
  await engine.advance("1d");
  expect((await engine.getRun(runId))?.status).toBe("running"); // The day began five minutes after the booking.
  await engine.advance("5m");
  expect((await engine.waitForRun(runId)).output).toEqual({ status: "not-approved" });
});

test("a second booking takes over the approval", async () => {
  const [first, second] = [await book(), await book()];
  await engine.advance("6m");
  const answer = await engine.sendSignal({ signal: appointmentApproved(leadId), data: { by: "Grace" } });
  expect(answer).toEqual({ runId: second });
  await engine.advance("1d");
  expect((await engine.waitForRun(first)).output).toEqual({ status: "not-approved" });
});
