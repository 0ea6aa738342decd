import { expect, test, vi } from "vitest";
import { sign } from "../protocol/signature.ts";
import { Stepwell } from "./client.ts";
import { createHandler } from "./handler.ts";

test("an app whose key is another than the server's says so in its own log, once in a while, and to nobody else", async () => {
  const warn = vi.fn();
  const logger = { ...console, warn };
  const client = new Stepwell({ id: "shop", isProduction: true, signingKey: "abcd1234", logger });
  const handle = createHandler({ client, functions: [] });
  const call = (headers: Record<string, string>) =>
    handle(new Request("https://app.example.com/api/stepwell?fnId=f", { method: "POST", body: "{}", headers }));
  expect((await call({})).status).toBe(401);
  expect(warn).not.toHaveBeenCalled();
  for (let count = 0; count < 3; count++) {
    const answer = await call({ "x-inngest-signature": sign("{}", "ffff", Date.now()) });
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain("signing key is another");
  }
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]?.[0]).toContain("the server's signing key is another one");
});
