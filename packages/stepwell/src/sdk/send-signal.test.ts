import { describe, expect, test } from "vitest";
import { Stepwell } from "../index.ts";

function sender(answer: () => Response) {
  const sent: { url: string; headers: unknown; body: unknown }[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    sent.push({ url, headers: init.headers, body: JSON.parse(String(init.body)) });
    return answer();
  };
  const options = { id: "app", baseUrl: "http://server.test/", signingKey: "signkey-test-00ff", fetch };
  return { sent, client: new Stepwell({ ...options, isDev: true }) };
}

describe("sending a signal", () => {
  test("tells which run it woke", async () => {
    const { client, sent } = sender(() => Response.json({ data: { run_id: "01RUN" } }));
    expect(await client.sendSignal({ signal: "order 42", data: { ok: true } })).toEqual({ runId: "01RUN" });
    expect(sent).toMatchObject([
      {
        url: "http://server.test/v1/signals",
        headers: { authorization: expect.stringMatching(/^Bearer signkey-test-[0-9a-f]{64}$/) },
        body: { signal: "order 42", data: { ok: true } },
      },
    ]);
  });

  test("without data sends null, and a ttl as a duration", async () => {
    const { client, sent } = sender(() => Response.json({ data: { run_id: "01RUN" } }));
    await client.sendSignal({ signal: "s", ttl: 90_000 });
    expect(sent[0]!.body).toEqual({ signal: "s", data: null, ttl: "1m30s" });
  });

  test("that is too large is refused before it is sent", async () => {
    const { client, sent } = sender(() => Response.json({ data: { run_id: "01RUN" } }));
    const data = "é".repeat(1.5 * 1024 * 1024);
    await expect(client.sendSignal({ signal: "s", data })).rejects.toMatchObject({ code: "signal_too_large" });
    expect(sent).toEqual([]);
  });

  test("that nobody waits for, or that is kept, names no run", async () => {
    expect(await sender(() => new Response("", { status: 404 })).client.sendSignal({ signal: "s" })).toEqual({
      runId: null,
    });
    const kept = sender(() => Response.json({ data: { run_id: null } }));
    expect(await kept.client.sendSignal({ signal: "s", ttl: "1m" })).toEqual({ runId: null });
  });

  test("that is refused or lost is an error with a code, and is not sent again", async () => {
    const refused = sender(() => Response.json({ error: "no such key" }, { status: 500 }));
    await expect(refused.client.sendSignal({ signal: "s" })).rejects.toMatchObject({
      code: "signal_failed",
      message: "Signal s could not be sent: no such key.",
    });
    expect(refused.sent).toHaveLength(1);
    const lost = sender(() => {
      throw new TypeError("fetch failed");
    });
    await expect(lost.client.sendSignal({ signal: "s" })).rejects.toMatchObject({ code: "signal_failed" });
    expect(lost.sent).toHaveLength(1);
  });

  test("that cannot be is refused before it is sent", async () => {
    const { client, sent } = sender(() => Response.json({}));
    await expect(client.sendSignal({ signal: "" })).rejects.toMatchObject({ code: "option_invalid" });
    await expect(client.sendSignal({ signal: "s", ttl: "8d" })).rejects.toMatchObject({ code: "option_invalid" });
    await expect(client.sendSignal({ signal: "s", data: 1n })).rejects.toMatchObject({ code: "value_not_storable" });
    expect(sent).toEqual([]);
  });

  test("goes to an engine in the same process where there is one", async () => {
    const { client, sent } = sender(() => Response.json({}));
    Stepwell.sendOver(client, null, async ({ signal }) => ({ runId: `for ${signal}` }));
    expect(await client.sendSignal({ signal: "s" })).toEqual({ runId: "for s" });
    expect(sent).toEqual([]);
  });
});
