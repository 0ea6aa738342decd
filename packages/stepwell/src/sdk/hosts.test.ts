/** Hosts that lack what Node has: the SDK finds another way. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

async function settlesAll(): Promise<boolean> {
  const { macrotask } = await import("./macrotask.ts");
  let depth = 0;
  const dig = async () => {
    for (; depth < 100; depth++) await null;
  };
  void dig();
  await macrotask();
  return depth === 100;
}

describe("a turn of the event loop", () => {
  test("comes from setImmediate", async () => {
    expect(await settlesAll()).toBe(true);
  });

  test("comes from a message channel without it", async () => {
    vi.stubGlobal("setImmediate", undefined);
    // The host's own channel would keep this process alive.
    class Channel {
      port1: { onmessage?: () => void } = {};
      port2 = { postMessage: () => void setTimeout(() => this.port1.onmessage?.(), 0) };
    }
    vi.stubGlobal("MessageChannel", Channel);
    expect(await settlesAll()).toBe(true);
  });

  test("comes from a timer without either", async () => {
    vi.stubGlobal("setImmediate", undefined);
    vi.stubGlobal("MessageChannel", undefined);
    expect(await settlesAll()).toBe(true);
  });
});

const OUTER = { id: "outer", attempt: 0, signal: new AbortController().signal };

describe("nested steps without AsyncLocalStorage", () => {
  test("are seen in the synchronous part of a body", async () => {
    vi.stubGlobal("process", { env: {} });
    const { enclosingStep, insideStep } = await import("./nesting.ts");
    const execution = {};
    expect(enclosingStep(execution)).toBeNull();
    expect(insideStep(execution, OUTER, () => enclosingStep(execution))).toBe("outer");
    expect(insideStep(execution, OUTER, () => enclosingStep({}))).toBeNull();
    expect(enclosingStep(execution)).toBeNull();
  });

  test("a host that refuses the module is no reason to fail", async () => {
    const getBuiltinModule = () => {
      throw new Error("denied");
    };
    vi.stubGlobal("process", { env: {}, getBuiltinModule });
    const { insideStep } = await import("./nesting.ts");
    expect(insideStep({}, OUTER, () => 1)).toBe(1);
  });
});

describe("signatures without node:crypto", () => {
  test("are the same", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_700_000_000_000 });
    const fast = (await import("./signing.ts")).signText("body", "signkey-test-00ff");
    vi.resetModules();
    vi.stubGlobal("process", { env: {} });
    const slow = (await import("./signing.ts")).signText("body", "signkey-test-00ff");
    vi.useRealTimers();
    expect(slow).toBe(fast);
  });
});

test("settings come from Deno where there is no process", async () => {
  vi.stubGlobal("process", undefined);
  vi.stubGlobal("Deno", { env: { get: (name: string) => (name === "STEPWELL_EVENT_KEY" ? "from-deno" : undefined) } });
  const { readSettings } = await import("./settings.ts");
  expect(readSettings({ id: "app" }).eventKey).toBe("from-deno");
});
