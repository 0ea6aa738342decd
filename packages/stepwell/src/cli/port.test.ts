import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort } from "./port.ts";

test("a busy port is passed over, a free one is taken, and 0 is left to the system", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
  try {
    expect(await freePort("127.0.0.1", port)).toBeGreaterThan(port);
    expect(await freePort("127.0.0.1", 0)).toBe(0);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(await freePort("127.0.0.1", port)).toBe(port);
});

test("an address that is not this machine's is refused", async () => {
  await expect(freePort("203.0.113.1", 18_288)).rejects.toMatchObject({ code: "listen_failed" });
});
