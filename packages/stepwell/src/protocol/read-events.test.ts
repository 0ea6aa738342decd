import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUlid } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { readSends } from "./read-events.ts";
import { readOp, readReply } from "./reply.ts";

const NOW = 1_767_225_600_000;
const ID = encodeUlid(NOW, new Uint8Array(10));
const event = { internal_id: ID, name: "a", data: { b: 1 }, ts: NOW - 5 };
const signal = { signal: "order-7", data: { ok: true }, ttl_ms: 60_000 };

describe("what a step sends", () => {
  test("is read like the events of a request, with the ids that the step gave them", () => {
    const sends = readSends({ events: [event, { ...event, internal_id: ID.replace(/.$/, "1"), id: "mine" }] }, NOW);
    expect(sends).toMatchObject({
      events: [
        { stored: { id: ID, name: "a", ts: NOW - 5, receivedAt: NOW, idempotencyId: null }, mayExist: true },
        { stored: { idempotencyId: "mine" }, parsed: { id: "mine", data: { b: 1 }, user: {} } },
      ],
      signals: [],
    });
  });

  test("may be signals, whose data is kept as canonical text", () => {
    const signals = [signal, { signal: "s" }, { signal: "t", data: { b: 1, a: 2 }, ttl_ms: null }];
    expect(readSends({ signals }, NOW)).toEqual({
      events: [],
      signals: [
        { signal: "order-7", data: '{"ok":true}', ttlMs: 60_000 },
        { signal: "s", data: "null", ttlMs: null },
        { signal: "t", data: '{"a":2,"b":1}', ttlMs: null },
      ],
    });
  });

  test("is refused with a reason when it could not be stored", () => {
    const refused = (value: unknown) => expect(readSends(value, NOW), JSON.stringify(value)).toBeTypeOf("string");
    refused(1);
    refused({ events: {} });
    refused({ events: [null] });
    refused({ events: [{ ...event, internal_id: "x" }] });
    refused({ events: [{ ...event, name: "inngest/function.failed" }] });
    refused({ events: [{ ...event, name: "" }] });
    refused({ events: [{ ...event, ts: 5 }] });
    refused({ events: [{ ...event, data: 1 }] });
    refused({ events: [event, event] });
    refused({ events: [{ ...event, data: { text: "\ud800" } }] });
    refused({ signals: [{ signal: "" }] });
    refused({ signals: [{ signal: "x".repeat(LIMITS.signalCharsMax + 1) }] });
    refused({ signals: [{ ...signal, ttl_ms: -1 }] });
    refused({ signals: [{ ...signal, ttl_ms: LIMITS.signalTtlMsMax + 1 }] });
    refused({ signals: new Array(LIMITS.signalsPerStepMax + 1).fill(signal) });
  });

  test("belongs to a finished step only", () => {
    const op = { op: "StepRun", id: "s", sends: { events: [event] } };
    expect(readOp(op, false, NOW)).toMatchObject({ sends: { events: [{ stored: { id: ID } }] } });
    expect(readOp({ ...op, op: "StepPlanned" }, false, NOW)).toBeTypeOf("string");
    expect(readOp({ ...op, sends: null }, false, NOW)).toMatchObject({ sends: null });
    expect(readOp({ op: "StepRun", id: "s" }, false, NOW)).toMatchObject({ sends: null });
  });

  test("never throws, whatever arrives", () => {
    const field = fc.constantFrom("internal_id", "name", "data", "id", "ts", "signal", "ttl_ms", "v");
    const item = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.string({ unit: "binary" }), fc.constant(ID)));
    const sends = fc.record({ events: fc.oneof(fc.array(item), fc.jsonValue()), signals: fc.array(item) });
    fc.assert(fc.property(fc.oneof(sends, fc.jsonValue()), (value) => void readSends(value, NOW)));
  });
});

describe("the names of steps that code no longer reaches", () => {
  const unreached = (header: string) => {
    const headers: Record<string, string> = { "x-inngest-sdk": "stepwell:v1", "x-stepwell-unreached": header };
    return readReply({ status: 200, body: "1", header: (name) => headers[name], nowMs: NOW }).unreached;
  };

  test("come in a header, encoded and comma-separated", () => {
    expect(unreached("a,b%2Cc, d%20e")).toEqual(["a", "b,c", "d e"]);
    expect(unreached("")).toEqual([]);
  });

  test("are cut to what can be stored, and what cannot be read is left out", () => {
    expect(unreached("%E0%A4%A,a%00b,,")).toEqual(["ab"]);
    expect(unreached(new Array(50).fill("a").join(","))).toHaveLength(LIMITS.unreachedMax);
    expect(unreached("x".repeat(100_000))[0]).toHaveLength(LIMITS.stepIdCharsMax);
  });
});
