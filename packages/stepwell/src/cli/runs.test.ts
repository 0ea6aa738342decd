import pc from "picocolors";
import { expect, test } from "vitest";
import { answer, post, registration, startApp, startTestServer } from "../../test/server/harness.ts";
import { runCommand } from "./run-command.ts";
import type { Terminal } from "./terminal.ts";

test("runs are found by their event, by a text and by an expression over event and output", async () => {
  const server = await startTestServer();
  const app = await startApp((_call, response) => answer(response, 200, { total: 7 }));
  const { functions, ...rest } = registration(app.url, ["shop-add"]) as { functions: object[] };
  const own = functions.map((fn) => ({ ...fn, triggers: [{ event: "add" }] }));
  await post(`${server.url}/fn/register`, { ...rest, functions: own });
  const { ids } = (await post(`${server.url}/e/k`, [{ name: "add", data: { word: "apple" } }, { name: "add" }])).json;
  const first = await server.notice(({ kind }) => kind === "run_ended");
  await server.notice(({ kind, id }) => kind === "run_ended" && id !== first.id);
  const found = async (...args: string[]) => {
    const out: string[] = [];
    const print = (text: string) => void out.push(text);
    const colors = pc.createColors(false);
    const terminal: Terminal = { print, complain: print, colors, columns: 200, isTty: false, now: Date.now };
    expect(await runCommand(["runs", "list", ...args, "--json", "--url", server.url], terminal, {})).toBe(0);
    return (JSON.parse(out.join("")) as { data: { event_id: string }[] }).data.map((run) => run.event_id);
  };
  expect(await found("--event", ids[1]!)).toEqual([ids[1]]);
  expect(await found("--text", "APPLE")).toEqual([ids[0]]);
  expect(await found("--if", "output.total > 6")).toHaveLength(2);
  expect(await found("--if", "event.data.word == 'pear'")).toEqual([]);
});
