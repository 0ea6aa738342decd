/** The command with real processes: servers come and go, and what was acknowledged stays. */
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Stepwell } from "../../src/index.ts";
import { serve } from "../../src/node.ts";
import type { StepwellFunction } from "../../src/sdk/function.ts";
import { endAll, listening, stepwell, temporaryFolder } from "./command.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await endAll();
});

const client = new Stepwell({ id: "cli", isDev: true, logger: { debug() {}, info() {}, warn() {}, error() {} } });

/** Serves functions on a free port; returns the address of their endpoint. */
async function app(...functions: StepwellFunction[]): Promise<string> {
  const server = createServer(serve({ client, functions }));
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/stepwell`;
}

const double = client.createFunction({ id: "double", triggers: { event: "number/sent" } }, async ({ event, step }) => {
  const doubled = await step.run("double", (value: number) => value * 2, event.data["value"] as number);
  return { doubled };
});

const DEV = ["dev", "--port", "0", "--no-discovery", "--json"];

/** Runs a client command and parses what it printed. */
async function json(folder: string, ...args: string[]): Promise<never> {
  const { code, stdout, stderr } = await stepwell([...args, "--json"], folder).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as never;
}

async function until<T>(check: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < 100; tries++) {
    const value = await check();
    if (value !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it never came true");
}

interface Run {
  readonly run_id: string;
  readonly status: string;
  readonly output: unknown;
  readonly original_run_id?: string;
}

async function endedRun(url: string): Promise<Run> {
  return until(async () => {
    const { data } = (await (await fetch(`${url}/v1/runs`)).json()) as { data: Run[] };
    return data.find((run) => !["Running", "Scheduled"].includes(run.status)) ?? null;
  });
}

describe("stepwell dev", () => {
  test("keeps its data in a folder that git ignores, between restarts", async () => {
    const folder = temporaryFolder();
    const first = stepwell(DEV, folder);
    const { ids } = (await json(folder, "send", "a", "--url", await listening(first))) as { ids: string[] };
    expect(await first.stop()).toMatchObject({ code: 0, signal: null });
    expect(readFileSync(join(folder, ".stepwell", ".gitignore"), "utf8")).toBe("*\n");
    const second = stepwell(DEV, folder);
    const url = await listening(second);
    expect(await json(folder, "events", "--url", url)).toMatchObject({ data: [{ name: "a", internal_id: ids[0] }] });
    expect(await second.stop("SIGINT")).toMatchObject({ code: 0 });
  });

  test("says how many runs had not ended, and carries them on", async () => {
    const folder = temporaryFolder();
    const nap = client.createFunction({ id: "nap", triggers: { event: "nap/asked" } }, async ({ step }) => {
      await step.sleep("nap", 6_000);
      return "awake";
    });
    const dev = [...DEV, "-u", await app(nap)];
    const first = stepwell(dev, folder);
    const url = await listening(first);
    await first.said(/app synced/);
    await json(folder, "send", "nap/asked", "--url", url);
    await until(async () => {
      const { data } = (await (await fetch(`${url}/v1/runs`)).json()) as { data: Run[] };
      return data[0]?.status === "Running" ? true : null;
    });
    await first.stop();
    const second = stepwell(dev, folder);
    const again = await listening(second);
    await second.said(/unfinished runs.*/);
    expect(await endedRun(again)).toMatchObject({ status: "Completed", output: "awake" });
  });

  test("--ephemeral leaves nothing behind", async () => {
    const folder = temporaryFolder();
    const server = stepwell([...DEV, "--ephemeral"], folder);
    await listening(server);
    await server.stop();
    expect(existsSync(join(folder, ".stepwell"))).toBe(false);
  });

  test("takes the next port when its own is busy, and says so", async () => {
    const busy = createServer();
    servers.push(busy);
    await once(busy.listen(0, "127.0.0.1"), "listening");
    const { port } = busy.address() as AddressInfo;
    const folder = temporaryFolder();
    const server = stepwell(["dev", "--port", String(port), "--no-discovery", "--ephemeral"], folder);
    // The one behind it may be another test's.
    const [, taken] = await server.said(new RegExp(`Port ${port} is in use; taking (\\d+)`));
    await server.said(new RegExp(`http://127.0.0.1:${taken}`));
    expect(Number(taken)).toBeGreaterThan(port);
    expect((await fetch(`http://127.0.0.1:${taken}/health`)).status).toBe(200);
  });

  test("tells what happens in short lines", async () => {
    const folder = temporaryFolder();
    const server = stepwell(["dev", "--port", "0", "--no-discovery", "--ephemeral", "-u", await app(double)], folder);
    const url = (await server.said(/server +(http:\S+)/))[1]!;
    await server.said(/app cli synced, 1 function\n/);
    await stepwell(["send", "number/sent", "--data", '{"value":1}', "--url", url], folder).ended;
    await server.said(/▸ cli-double started by number\/sent/);
    await server.said(/✓ cli-double completed in \d+ ms/);
    expect((await server.stop()).stdout).not.toContain("\u001b[");
  });

  test("a damaged database ends it with 1 and says what to do", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, ".stepwell"));
    writeFileSync(join(folder, ".stepwell", "stepwell.db"), "this is no database ".repeat(500));
    const { code, stderr } = await stepwell(["dev", "--port", "0", "--no-discovery"], folder).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("is damaged");
    expect(stderr).toContain("docs/errors.md#store_corrupt");
  });

  test("a second server on the same data is refused, with the process that has it", async () => {
    const folder = temporaryFolder();
    const first = stepwell(DEV, folder);
    await listening(first);
    const { code, stderr } = await stepwell(DEV, folder).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`(pid ${first.child.pid})`);
    expect(stderr).toContain("docs/errors.md#store_locked");
  });
});

describe("stepwell start", () => {
  const KEYS = { STEPWELL_SIGNING_KEY: "00112233445566778899aabbccddeeff", STEPWELL_EVENT_KEY: "event-key" };
  const START = ["start", "--port", "0", "--json"];

  test("refuses to start without keys, and makes nothing", async () => {
    const folder = temporaryFolder();
    const { code, stderr } = await stepwell(["start", "--port", "0"], folder).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("needs a signing key and an event key");
    expect(stderr).toContain("STEPWELL_SIGNING_KEY");
    expect(existsSync(join(folder, ".stepwell"))).toBe(false);
  });

  test("refuses a signing key that is no hex", async () => {
    const { code, stderr } = await stepwell(START, temporaryFolder(), { ...KEYS, STEPWELL_SIGNING_KEY: "abc" }).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("no even number");
  });

  test("says what is protected, and protects it", async () => {
    const folder = temporaryFolder();
    const server = stepwell(START, folder, KEYS);
    const url = await listening(server);
    await server.said(/"protected":\[.*signing key/);
    const link = await server.said(/"setUp":"(http:[^"]*\/setup#[\w-]{43})"/);
    expect(link[1]).toContain(url);
    const told = async (env: Readonly<Record<string, string>>, ...args: string[]) => {
      const { code, stderr } = await stepwell([...args, "--url", url, "--json"], folder, env).ended;
      return code === 0 ? "ok" : (JSON.parse(stderr) as { error: { code: string } }).error.code;
    };
    expect(await told({}, "send", "a")).toBe("event_key_unknown");
    expect(await told({}, "runs")).toBe("unauthorized");
    expect(await told(KEYS, "send", "a")).toBe("ok");
    expect(await told(KEYS, "runs")).toBe("ok");
    expect(server.stdout).not.toContain(KEYS.STEPWELL_SIGNING_KEY);
    expect(server.stdout).not.toContain(KEYS.STEPWELL_EVENT_KEY);
  });
});

describe("a signal", () => {
  test("lets a call that is out finish, and stores what it reported", async () => {
    const folder = temporaryFolder();
    let calls = 0;
    let release: (value: string) => void = () => {};
    const slow = client.createFunction({ id: "slow", triggers: { event: "slow/asked" } }, async ({ step }) =>
      step.run("slow", () => {
        calls++;
        return new Promise<string>((resolve) => {
          release = resolve;
        });
      }),
    );
    const dev = [...DEV, "-u", await app(slow)];
    const first = stepwell(dev, folder);
    const url = await listening(first);
    await first.said(/app synced/);
    await json(folder, "send", "slow/asked", "--url", url);
    await until(async () => (calls === 1 ? true : null));
    const stopped = first.stop();
    await first.said(/stopping/);
    release("done");
    expect(await stopped).toMatchObject({ code: 0, signal: null });
    const run = await endedRun(await listening(stepwell(dev, folder)));
    expect(run).toMatchObject({ status: "Completed", output: "done" });
    expect(calls).toBe(1);
  });

  test("does not wait longer for a call than the grace allows; the call is made again", async () => {
    const folder = temporaryFolder();
    let calls = 0;
    const hung = client.createFunction({ id: "hung", triggers: { event: "hung/asked" } }, async ({ step }) =>
      step.run("hung", () => {
        calls++;
        return calls === 1 ? new Promise<string>(() => {}) : "done";
      }),
    );
    const dev = [...DEV, "--grace", "0.2", "-u", await app(hung)];
    const first = stepwell(dev, folder);
    const url = await listening(first);
    await first.said(/app synced/);
    await json(folder, "send", "hung/asked", "--url", url);
    await until(async () => (calls === 1 ? true : null));
    expect(await first.stop()).toMatchObject({ code: 0, signal: null });
    const run = await endedRun(await listening(stepwell(dev, folder)));
    expect(run).toMatchObject({ status: "Completed", output: "done" });
  });

  test("the second ends it at once", async () => {
    const folder = temporaryFolder();
    let isCalled = false;
    const stuck = client.createFunction({ id: "stuck", triggers: { event: "stuck/asked" } }, async ({ step }) =>
      step.run("stuck", () => {
        isCalled = true;
        return new Promise(() => {});
      }),
    );
    const server = stepwell([...DEV, "-u", await app(stuck)], folder);
    const url = await listening(server);
    await server.said(/app synced/);
    await json(folder, "send", "stuck/asked", "--url", url);
    await until(async () => (isCalled ? true : null));
    server.child.kill("SIGTERM");
    await server.said(/stopping/);
    expect(await server.stop("SIGTERM")).toMatchObject({ code: 143 });
  });
});

describe("client commands", () => {
  async function served() {
    const folder = temporaryFolder();
    const server = stepwell([...DEV, "--ephemeral", "-u", await app(double)], folder);
    const url = await listening(server);
    await server.said(/app synced/);
    return { folder, url };
  }

  test("send, runs and events print JSON for machines", async () => {
    const { folder, url } = await served();
    const sent = (await json(folder, "send", "number/sent", "--data", '{"value":21}', "--url", url)) as {
      ids: string[];
    };
    expect(sent.ids).toHaveLength(1);
    const { run_id } = await endedRun(url);
    expect(await json(folder, "runs", "--status", "completed", "--url", url)).toMatchObject({
      data: [{ run_id, function_slug: "cli-double", status: "Completed", output: { doubled: 42 } }],
      cursor: null,
    });
    expect(await json(folder, "runs", "show", run_id, "--url", url)).toMatchObject({
      run: { run_id },
      steps: [{ name: "double", status: "Completed", output: 42 }],
      event: { name: "number/sent", data: { value: 21 } },
    });
    expect(await json(folder, "events", "show", sent.ids[0]!, "--url", url)).toMatchObject({
      event: { name: "number/sent" },
      runs: [{ run_id }],
      decisions: [{ outcome: "started" }],
    });
    expect(await json(folder, "runs", "follow", run_id, "--url", url)).toMatchObject({ run_id, status: "Completed" });
  });

  test("runs show draws the steps with what they returned", async () => {
    const { folder, url } = await served();
    await json(folder, "send", "number/sent", "--data", '{"value":21}', "--url", url);
    const { run_id } = await endedRun(url);
    const { stdout } = await stepwell(["runs", "show", run_id, "--url", url], folder).ended;
    expect(stdout).toMatch(/^cli-double {2}✓ completed in \d+ ms {2}/);
    expect(stdout).toContain("by number/sent");
    expect(stdout).toMatch(/└─ ✓ double {2}completed in \d+ ms\n {5}→ 42\noutput \{"doubled":42\}/);
  });

  test("many events are sent in few requests, and an id starts a function once", async () => {
    const { folder, url } = await served();
    const many = (await json(folder, "send", "nobody/listens", "--count", "6000", "--url", url)) as { ids: string[] };
    expect(new Set(many.ids).size).toBe(6_000);
    await json(folder, "send", "number/sent", "--id", "once", "--url", url);
    const again = (await json(folder, "send", "number/sent", "--id", "once", "--url", url)) as { ids: string[] };
    expect(await json(folder, "events", "show", again.ids[0]!, "--url", url)).toMatchObject({
      decisions: [{ outcome: "deduplicated" }],
    });
  });

  test("runs cancel ends a run; ending it twice is told", async () => {
    const folder = temporaryFolder();
    const nap = client.createFunction({ id: "long", triggers: { event: "a" } }, async ({ step }) => {
      await step.sleep("long", "1h");
    });
    const server = stepwell([...DEV, "--ephemeral", "-u", await app(nap)], folder);
    const url = await listening(server);
    await server.said(/app synced/);
    await json(folder, "send", "a", "--url", url);
    const { data } = (await json(folder, "runs", "--url", url)) as { data: Run[] };
    const id = data[0]!.run_id;
    expect(await json(folder, "runs", "cancel", id, "--url", url)).toEqual({ run_id: id, status: "Cancelled" });
    const { code, stderr } = await stepwell(["runs", "cancel", id, "--url", url], folder).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("already ended");
  });

  test("a replay goes on after the server was killed, and starts each run once", async () => {
    const folder = temporaryFolder();
    const dev = [...DEV, "-u", await app(double)];
    const first = stepwell(dev, folder);
    const url = await listening(first);
    await first.said(/app synced/);
    await json(folder, "send", "number/sent", "--data", '{"value":1}', "--count", "40", "--url", url);
    const completed = async (server: string) => {
      const answer = await fetch(`${server}/v1/runs?status=completed&limit=100`);
      return ((await answer.json()) as { data: Run[] }).data;
    };
    await until(async () => ((await completed(url)).length === 40 ? true : null));
    const filter = ["--status", "completed", "--function", "cli-double", "--if", "event.name == 'number/sent'"];
    const replay = ["runs", "replay", ...filter, "--yes", "--rate", "20", "--url", url];
    const { id } = (await json(folder, ...replay)) as { id: string };
    await until(async () => ((await completed(url)).length > 45 ? true : null));
    await first.stop("SIGKILL");
    const again = await listening(stepwell(dev, folder));
    const followed = await stepwell(["operations", "show", id, "--follow", "--url", again], folder).ended;
    expect(followed.stdout).toMatch(new RegExp(`✓ completed replay 40 of 40 runs  ${id}\n$`));
    await until(async () => ((await completed(again)).length === 80 ? true : null));
    const repeated = (await completed(again)).flatMap((run) => run.original_run_id ?? []);
    expect([repeated.length, new Set(repeated).size]).toEqual([40, 40]);
  }, 60_000);

  test("without a server they say so, with an exit code of their own", async () => {
    const { code, stderr } = await stepwell(["runs", "--url", "http://127.0.0.1:9"], temporaryFolder()).ended;
    expect(code).toBe(3);
    expect(stderr).toContain("No server answers at http://127.0.0.1:9.");
    expect(stderr).toContain("docs/errors.md#server_unreachable");
  });
});
