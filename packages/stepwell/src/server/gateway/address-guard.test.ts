import type { LookupAddress } from "node:dns";
import { expect, test } from "vitest";
import { codeOf, dataOf, failureOf, gateway, startWorld } from "../../../test/server/gateway-world.ts";
import { guardedLookup, type Lookup } from "./address-guard.ts";
import { isPublicAddress } from "./public-address.ts";

const PUBLIC: LookupAddress = { address: "93.184.216.34", family: 4 };
const HERE: LookupAddress = { address: "127.0.0.1", family: 4 };

test("every spelling of an address of this machine is refused, and final", async () => {
  const world = await startWorld((_request, response) => void response.end());
  const { ask } = gateway({ allowPrivate: false });
  const hosts = [
    "127.0.0.1",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "017700000001",
    "0",
    "127.0.0.1.",
    "[::1]",
    "[::ffff:7f00:1]",
  ];
  for (const host of [...hosts, "[::]", "localhost", "localhost.", "LOCALHOST", "①②⑦.0.0.1"]) {
    const failure = failureOf(await ask("fetch", { url: `http://${host}:${world.port}/` }));
    expect(failure).toMatchObject({ noRetry: true, error: { code: "gateway_refused" } });
  }
  expect(world.seen).toEqual([]);
});

test("a name with a public and a private address is refused", async () => {
  const lookup: Lookup = async () => [PUBLIC, HERE];
  const { ask } = gateway({ allowPrivate: false, lookup });
  const failure = failureOf(await ask("fetch", { url: "http://mixed.example/" }));
  expect(failure.error.message).toBe(
    "The request to mixed.example was refused: its name stands for a private address.",
  );
});

test("a redirect to a private address is refused, by number and by name", async () => {
  // 127.0.0.1 stands for the public internet here.
  const isAllowed = (address: string) => address === HERE.address;
  const lookup: Lookup = async (name) => (name === "public.example" ? [HERE] : [{ address: "127.0.0.2", family: 4 }]);
  const world = await startWorld(({ path }, response) => {
    response.writeHead(307, { location: `http://${path.slice(1)}:${world.port}/` }).end();
  });
  const { ask } = gateway({ allowPrivate: false, isAllowed, lookup });
  for (const host of ["127.0.0.2", "inside.example"]) {
    const outcome = await ask("fetch", { url: `http://public.example:${world.port}/${host}` });
    expect(codeOf(outcome)).toBe("gateway_refused");
  }
  expect(world.seen).toHaveLength(2);
});

test("a name is asked once per connection, and the checked answer is the one connected to", async () => {
  const answers: LookupAddress[][] = [[HERE], [{ address: "127.0.0.2", family: 4 }]];
  let asked = 0;
  const lookup: Lookup = async () => answers[Math.min(asked++, 1)]!;
  const world = await startWorld((_request, response) => void response.end("ok"));
  const { ask } = gateway({ allowPrivate: false, isAllowed: (address) => address === HERE.address, lookup });
  const url = `http://rebinding.example:${world.port}/`;
  expect(dataOf(await ask("fetch", { url }))).toMatchObject({ body: "ok" });
  expect(asked).toBe(1);
  expect(world.seen[0]!.headers.host).toBe(`rebinding.example:${world.port}`);
});

test("sockets get exactly the addresses that were checked, in the form they ask for", async () => {
  let asked = 0;
  const resolve: Lookup = async () => [asked++ === 0 ? PUBLIC : HERE];
  const look = guardedLookup(resolve, isPublicAddress);
  const found = (options: { all?: boolean }) =>
    new Promise((settle) => look("a.example", options, (error, ...rest) => settle(error === null ? rest : error)));
  expect(await found({ all: true })).toEqual([[PUBLIC]]);
  expect(await found({ all: true })).toMatchObject({ code: "gateway_refused" });
  asked = 0;
  expect(await found({})).toEqual([PUBLIC.address, 4]);
});
