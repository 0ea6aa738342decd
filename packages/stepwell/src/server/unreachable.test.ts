import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { askChecked } from "../../test/server/api-harness.ts";
import { ask, post, registration, startTestServer } from "../../test/server/harness.ts";

/** An app that is not there yet, at an address that is free; `begin` starts it. */
async function absentApp() {
  const server = createServer((incoming, response) => {
    incoming.resume();
    response.setHeader("x-inngest-sdk", "test:v1.0.0");
    response.setHeader("x-inngest-req-version", "2");
    response.end('"done"');
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}/api/test`, begin: () => listen(port) };
}

test("an app that is not there is told of everywhere, and what waited for it runs once it is", async () => {
  const { url, runsEnded } = await startTestServer();
  const app = await absentApp();
  const { functions, ...rest } = registration(app.url, ["shop-charge"]) as { functions: object[] };
  const patient = functions.map((fn) => ({ ...fn, whenUnreachable: "wait", retries: 0 }));
  await post(`${url}/fn/register`, { ...rest, functions: patient });
  const { json: sent } = await post(`${url}/e/k`, { name: "test/go", data: {} });
  const runs = await askChecked(`${url}/v1/events/${String(sent.ids[0])}/runs`);
  const [{ run_id: runId }] = runs.json.data as unknown as [{ run_id: string }];
  const reason = async () => {
    const { json } = await askChecked(`${url}/v1/runs/${runId}/explain`);
    return (json.data as unknown as { reasons: [{ code: string; sentence: string; gate?: unknown }] }).reasons[0];
  };
  await expect.poll(async () => (await reason()).code).toBe("app_unreachable");
  expect(await reason()).toMatchObject({
    sentence: expect.stringMatching(/the app shop does not answer since .*the connection was refused; /),
    gate: { kind: "app", down: { reason: expect.stringContaining(app.url) } },
  });
  const down = async () =>
    ((await askChecked(`${url}/v1/apps`)).json.data as unknown as [{ name: string; down: unknown }])[0].down;
  expect(await down()).toMatchObject({ tries: expect.any(Number), reason: expect.stringContaining("refused") });
  const { json: doctor } = await askChecked(`${url}/v1/doctor`);
  expect(JSON.stringify(doctor)).toContain('"app_down"');
  expect((await ask(`${url}/metrics`)).text).toMatch(/stepwell_calls_total\{outcome="unreached"\} [1-9]/);
  await app.begin();
  await runsEnded(1);
  expect((await askChecked(`${url}/v1/runs/${runId}`)).json.data).toMatchObject({
    status: "Completed",
    output: "done",
  });
  expect(await down()).toBeNull();
});
