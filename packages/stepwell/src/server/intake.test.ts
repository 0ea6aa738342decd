import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isStepwellError } from "../protocol/errors.ts";
import { createIdSource, isUlid } from "../protocol/ids.ts";
import { parseJsonBody } from "./body.ts";
import { readEvents } from "./intake.ts";

const NOW = 1_767_225_600_000;
const SEED = "1767225600000,AAECAwQFBgcICQ==";

function read(body: unknown, seed?: string) {
  return readEvents({ body, seed, now: NOW, ids: createIdSource(() => 7) });
}

describe("events on their way in", () => {
  test("one event and a list of one are the same", () => {
    expect(read({ name: "a" })).toEqual(read([{ name: "a" }]));
  });

  test("what is left out is filled in: data, user, ts and id", () => {
    const [event] = read({ name: "a" });
    expect(event!.parsed).toEqual({ name: "a", data: {}, user: {}, ts: NOW, id: event!.stored.id });
    expect(event!.stored).toMatchObject({ ts: NOW, receivedAt: NOW, idempotencyId: null, isInternal: false });
  });

  test("null counts as left out, and so does ts 0", () => {
    const [event] = read({ name: "a", data: null, user: null, ts: 0, id: null, v: null, meta: null });
    expect(event!.parsed).toEqual({ name: "a", data: {}, user: {}, ts: NOW, id: event!.stored.id });
  });

  test("the producer's id is what functions see, and never the internal id", () => {
    const [event] = read({ name: "a", id: "order-7" });
    expect(event!.parsed["id"]).toBe("order-7");
    expect(event!.stored.idempotencyId).toBe("order-7");
    expect(isUlid(event!.stored.id)).toBe(true);
  });

  test("the stored text is canonical and holds what functions see", () => {
    const [event] = read({
      v: "2",
      data: { b: 1, a: { d: 1, c: 2 } },
      name: "a",
      ts: NOW - 5,
      meta: { sessions: { s: 1 } },
    });
    expect(event!.stored.json).toBe(
      `{"data":{"a":{"c":2,"d":1},"b":1},"id":"${event!.stored.id}","meta":{"sessions":{"s":1}},"name":"a","ts":${NOW - 5},"user":{},"v":"2"}`,
    );
  });

  test("data._inngest is taken out, unknown keys are ignored", () => {
    const [event] = read({ name: "a", data: { _inngest: { fn_id: "x" }, kept: 1 }, whatever: true });
    expect(event!.parsed["data"]).toEqual({ kept: 1 });
    expect(event!.parsed).not.toHaveProperty("whatever");
  });

  test("the same seed gives the same ids, one per place in the list", () => {
    const first = read([{ name: "a" }, { name: "b" }], SEED).map((event) => event.stored.id);
    const again = read([{ name: "a" }, { name: "b" }], SEED).map((event) => event.stored.id);
    expect(again).toEqual(first);
    expect(new Set(first).size).toBe(2);
    expect(read({ name: "a" }, SEED)[0]!.mayExist).toBe(true);
  });

  test("a malformed seed is as good as none", () => {
    expect(read({ name: "a" }, "nonsense")[0]!.mayExist).toBe(false);
  });

  test("a __proto__ key in the data is data", () => {
    const [event] = read(JSON.parse('{"name":"a","data":{"__proto__":{"x":1}}}'));
    expect(event!.stored.json).toContain('"__proto__":{"x":1}');
  });

  test("whatever arrives is either read or refused with a code", () => {
    const field = fc.constantFrom("name", "data", "id", "ts", "v", "user", "meta", "other");
    const event = fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.string({ unit: "binary" }), fc.double()));
    fc.assert(
      fc.property(fc.oneof(event, fc.array(event), fc.jsonValue()), (body) => {
        try {
          for (const { stored, parsed } of read(body))
            expect(JSON.parse(stored.json)).toEqual(JSON.parse(JSON.stringify(parsed)));
        } catch (error) {
          expect(isStepwellError(error) && error.status < 500, String(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("whatever bytes arrive are either JSON or refused with a code", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            parseJsonBody(Buffer.from(bytes));
          } catch (error) {
            expect(isStepwellError(error) && error.status === 400, String(error)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
