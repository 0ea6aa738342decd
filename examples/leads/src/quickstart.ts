/**
 * The quickstart: starts everything, sends a real event through the app's API, prints each step of the run it starts,
 * and keeps serving.
 *
 *   --once    end after the run; exit code 0 when it completed
 *   --crash   kill the server in the middle of the run, start it again, and watch the run finish
 *   --port N  the server's port: 8288 unless told, or the next free one
 */
import { parseArgs } from "node:util";
import { follow, patiently } from "./quickstart/follow.ts";
import { Parts } from "./quickstart/parts.ts";
import * as screen from "./quickstart/screen.ts";
import { eventRuns, listRuns, type RunView } from "./quickstart/server-api.ts";
import { leadWorkflow } from "./stepwell/workflows/lead/workflow.ts";

const PORT_DEFAULT = "8288";
const RUN_MS_MAX = 60_000;
const CRASH_AFTER_STEPS = 2;
const LEAD = { name: "Ada Lovelace", company: "Analytical Engines", email: "ada@example.com" };

const { bold, cyan, dim, green } = screen.colors;

async function main(parts: Parts, options: { readonly crash: boolean }): Promise<void> {
  for (const run of await unfinishedRuns(parts)) {
    screen.say();
    screen.say(`${bold("An unfinished run was found")} ${dim(`${run.run_id}, from ${run.queued_at}`)}`);
    screen.say(dim("It goes on behind the last step that finished:"));
    await followToTheEnd(parts, run, {});
  }

  screen.say();
  const eventId = await postLead(parts);
  const run = await runOf(parts, eventId);
  screen.say(`${bold("POST /leads")} sent ${cyan("api/new-lead")}, which started ${cyan(leadWorkflow.id)}`);
  screen.say(dim(`run ${run.run_id}`));
  await followToTheEnd(parts, run, options);
  if (options.crash) tellWhatRan(parts);

  screen.say();
  screen.say(`Dashboard  ${cyan(parts.serverUrl)}`);
}

/** Runs of the lead workflow that were going on when the quickstart last ended. */
function unfinishedRuns({ serverUrl }: Parts): Promise<RunView[]> {
  return listRuns(serverUrl, `status=running,queued&function=${encodeURIComponent(leadWorkflow.slug)}`);
}

/** A lead comes in through the API of the app, as it would from a web form. Returns the id of the event it sent. */
async function postLead({ appUrl }: Parts): Promise<string> {
  const response = await fetch(`${appUrl}/leads`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(LEAD),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST /leads answered ${response.status}: ${text}`);
  return (JSON.parse(text) as { event_id: string }).event_id;
}

/** The run of the lead workflow that the event started. */
async function runOf(parts: Parts, eventId: string): Promise<RunView> {
  const find = async () => {
    const runs = await eventRuns(parts.serverUrl, eventId);
    const run = runs.find((one) => one.function_slug === leadWorkflow.slug);
    if (run === undefined) throw new Error(`Event ${eventId} started no run of ${leadWorkflow.slug}.`);
    return run;
  };
  return patiently(find, Date.now() + 5_000);
}

async function followToTheEnd(parts: Parts, { run_id: runId }: RunView, { crash = false }): Promise<void> {
  let isPending = crash;
  const following = follow({
    serverUrl: () => parts.serverUrl,
    runId,
    deadlineMs: RUN_MS_MAX,
    stepDone: (_step, count) => {
      if (!isPending || count < CRASH_AFTER_STEPS) return;
      isPending = false;
      screen.notice(`Killing the server in the middle of the next step (kill -9 ${parts.serverPid}).`);
      parts.crashServer();
    },
  });
  const run = await Promise.race([following, parts.failed]);
  const took = Date.parse(run.ended_at ?? run.queued_at) - Date.parse(run.queued_at);
  if (run.status !== "Completed") {
    throw new Error(`The run ended as ${run.status}: ${JSON.stringify(run.output)}`);
  }
  screen.say(`${green("Completed")} in ${screen.seconds(took)}: ${JSON.stringify(run.output)}`);
}

/** What the services saw: a step that had finished was not run again. */
function tellWhatRan({ stub }: Parts): void {
  const counts = new Map<string, number>();
  for (const { path } of stub.calls) counts.set(path, (counts.get(path) ?? 0) + 1);
  const twice = [...counts].filter(([, count]) => count > 1);
  screen.say();
  screen.say(`The services were called once for each step${twice.length === 0 ? "." : ", but for the one in flight:"}`);
  for (const [path, count] of twice) screen.say(dim(`  ${path} was called ${count} times`));
}

function tellHowToGoOn(parts: Parts): void {
  screen.say(`Try        ${dim(`kill -9 ${parts.serverPid}`)}  the server starts again and unfinished runs go on`);
  screen.say(`           ${dim(`curl ${parts.appUrl}/leads --json '{"name":"Grace","phone":"+1 555 0100"}'`)}`);
  screen.say();
  screen.say(dim("Serving until Ctrl-C."));
}

const { values } = parseArgs({
  options: {
    once: { type: "boolean" },
    crash: { type: "boolean" },
    port: { type: "string", default: PORT_DEFAULT },
  },
});

screen.title("Stepwell quickstart");
let parts: Parts | null = null;
let isDone = false;
let isEnding = false;

async function end(exitCode: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await parts?.end();
  process.exit(exitCode);
}

async function fail(error: unknown): Promise<void> {
  if (isEnding) return;
  screen.problem(error instanceof Error ? error.message : String(error));
  await end(1);
}

// Whoever read this has gone.
process.stdout.on("error", () => void end(isDone ? 0 : 141));
process.on("uncaughtException", (error) => void fail(error));
process.on("SIGTERM", () => void end(143));
process.on("SIGHUP", () => void end(129));
process.on("SIGINT", () => {
  screen.say();
  screen.say(dim("Ending …"));
  void end(isDone ? 0 : 130);
});

try {
  parts = await Parts.start(Number(values.port));
  await main(parts, { crash: values.crash ?? false });
  isDone = true;
  if (values.once) await end(0);
  tellHowToGoOn(parts);
  await parts.failed;
} catch (error) {
  await fail(error);
}
