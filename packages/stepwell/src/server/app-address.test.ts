import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { answer, post, startApp, startTestServer } from "../../test/server/harness.ts";
import { appLookup, isAppAddress, literalProblem } from "./app-address.ts";
import { HttpClient } from "./http-client.ts";

const METADATA = ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"];
const SPELLINGS = ["::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "fe80::1", "fe80::1%eth0"];

test("apps are on this machine, on private and on public addresses, and never on link-local ones", () => {
  const good = ["127.0.0.1", "10.0.0.7", "192.168.1.5", "172.17.0.2", "100.64.0.1", "8.8.8.8", "::1", "fd12::1"];
  expect(good.filter((address) => !isAppAddress(address))).toEqual([]);
  expect(
    [...METADATA, ...SPELLINGS, "224.0.0.1", "255.255.255.255", "ff02::1", "no address"].filter(isAppAddress),
  ).toEqual([]);
});

test("an address in a URL is seen through its spelling", () => {
  for (const host of [
    "169.254.169.254",
    "2852039166",
    "0xa9.0xfe.0xa9.0xfe",
    "[::ffff:169.254.169.254]",
    "[fe80::1]",
  ]) {
    expect([host, literalProblem(new URL(`http://${host}/`).origin, isAppAddress)]).toEqual([host, expect.any(String)]);
  }
  expect(literalProblem("http://metadata.example", isAppAddress)).toBeNull();
});

test("of a name's addresses those are left that an app may have; a name without one is refused", async () => {
  const found = (...addresses: string[]) =>
    new Promise((resolve) => {
      const resolveName = async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      appLookup(isAppAddress, resolveName)("a.example", { all: true }, (error, list) =>
        resolve(error?.message ?? list),
      );
    });
  expect(await found("169.254.169.254", "10.0.0.1")).toEqual([{ address: "10.0.0.1", family: 4 }]);
  expect(await found("169.254.169.254", "fe80::1")).toContain("no app may have");
});

test("nothing is sent to such an address, neither at once nor after a redirect", async () => {
  const app = await startApp((_call, response) => {
    response.setHeader("location", "http://169.254.169.254/latest/meta-data");
    answer(response, 307, {});
  });
  const server = await startTestServer();
  for (const url of [app.url, "http://169.254.169.254/api", "http://[::ffff:169.254.169.254]/api"]) {
    const refused = await post(`${server.url}/fn/sync`, { url });
    expect([url, refused.status, refused.json.error]).toEqual([url, 502, expect.stringContaining("no app may have")]);
  }
});

test("with public apps only, private addresses are refused too", async () => {
  const app = await startApp((_call, response) => answer(response, 200, {}));
  const server = await startTestServer({ publicAppsOnly: true });
  const refused = await post(`${server.url}/fn/sync`, { url: app.url });
  expect([refused.status, refused.json.error]).toEqual([502, expect.stringContaining("no app may have")]);
  expect(app.calls).toEqual([]);
});

test("what another service answers at an app's address is not told", async () => {
  const inside = createServer((_request, response) => {
    response.statusCode = 403;
    response.end(JSON.stringify({ message: "internal: s3cret", error: "s3cret" }));
  });
  await new Promise<void>((resolve) => inside.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void inside.close());
  const server = await startTestServer();
  const { text } = await post(`${server.url}/fn/sync`, {
    url: `http://127.0.0.1:${(inside.address() as AddressInfo).port}/`,
  });
  expect(text).toContain("sync_failed");
  expect(text).not.toContain("s3cret");
});

test("the client that calls apps refuses by itself", async () => {
  const client = new HttpClient();
  onTestFinished(() => client.close());
  const request = { method: "GET", path: "/", headers: [], body: null, timeoutMs: 1_000, bodyBytesMax: 10 };
  await expect(client.send({ ...request, origin: "http://169.254.169.254" })).rejects.toThrow("no app may have");
});
