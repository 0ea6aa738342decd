import colors from "picocolors";
import { expect, onTestFinished, test } from "vitest";
import { answer, post, registration, startApp, startTestServer } from "../../test/server/harness.ts";
import { showLogs } from "./logs.ts";
import { wantsColors } from "./terminal.ts";

const OPTIONS = { json: false, follow: false, limit: 100 };

/** A server with a run that goes on until it is let go, and a terminal that keeps what is printed. */
async function setUp() {
  const server = await startTestServer();
  let end = () => {};
  const isEnded = new Promise<void>((resolve) => {
    end = resolve;
  });
  onTestFinished(() => end());
  const app = await startApp(async (_call, response) => {
    await isEnded;
    answer(response, 200, null);
  });
  await post(`${server.url}/fn/register`, registration(app.url, ["shop-a"]));
  await post(`${server.url}/e/k`, { name: "test/go" });
  const { runId } = await server.notice((notice) => notice.kind === "run_created");
  const printed: string[] = [];
  const waiting = new Set<() => void>();
  const terminal = {
    print: (text: string) => {
      printed.push(text.replace(/^\S+ /, "")); // Without the time.
      for (const look of waiting) look();
    },
    complain: () => {},
    colors: colors.createColors(wantsColors({ NO_COLOR: "1" }, false)),
    columns: 200,
    isTty: false,
    now: () => 0,
  };
  let total = 0;
  const log = async (...lines: object[]) => {
    await post(`${server.url}/v1/logs`, { calls: [{ run_id: runId, lines }] });
    total += lines.length;
    while ((await server.store.logs.totals(runId!)).lines < total)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const show = (run: string | undefined, options: object = {}) =>
    showLogs(run, { ...OPTIONS, url: server.url, ...options }, terminal, {});
  const hasPrinted = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (printed.length >= count) resolve();
      };
      waiting.add(look);
      look();
    });
  return { runId: runId!, printed, log, show, end, hasPrinted };
}

test("lines of a run, one below the other, with nothing in them that could steer the terminal", async () => {
  const { runId, printed, log, show } = await setUp();
  await log(
    { level: "warn", message: "a\u001b[2J\nb", name: "charge", step: "x" },
    { level: "info", message: "plain" },
  );
  await show(runId);
  expect(printed).toEqual(["warn  [charge] a\\u001b[2J\n    b", "info  plain"]);
});

test("lines across runs say whose they are, the newest last", async () => {
  const { runId, printed, log, show } = await setUp();
  await log({ level: "info", message: "first" }, { level: "error", message: "second" });
  await show(undefined, { level: "info", limit: 5 });
  expect(printed).toEqual([`info  ${runId} first`, `error ${runId} second`]);
});

test("following a run prints each line once and ends with it", async () => {
  const { runId, printed, log, show, end, hasPrinted } = await setUp();
  await log({ message: "before" });
  const following = show(runId, { follow: true });
  await hasPrinted(1);
  await log({ message: "meanwhile" });
  await hasPrinted(2);
  end();
  await following;
  expect(printed).toEqual(["info  before", "info  meanwhile"]);
});
