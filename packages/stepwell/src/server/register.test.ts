import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isStepwellError } from "../protocol/errors.ts";
import type { FunctionConfig } from "../protocol/function.ts";
import { readRegistration, registrationOfInBand } from "./register.ts";

const step = {
  step: { id: "step", name: "step", runtime: { type: "http", url: "http://a.test/api?fnId=shop-f&stepId=step" } },
};

function body(fn: object = {}, envelope: object = {}): object {
  const one = { id: "shop-f", name: "f", triggers: [{ event: "a/b" }], steps: step, ...fn };
  return { url: "http://a.test/api", appName: "shop", sdk: "js:v4.0.0", functions: [one], ...envelope };
}

function read(fn: object = {}): FunctionConfig {
  return readRegistration(body(fn)).app.functions[0]!;
}

function problems(fn: object): string {
  try {
    readRegistration(body(fn));
    return "";
  } catch (error) {
    return isStepwellError(error) ? String(error.details["problems"]) : String(error);
  }
}

describe("what an app registers", () => {
  test("a function with the protocol's defaults", () => {
    expect(read()).toMatchObject({
      slug: "shop-f",
      name: "f",
      appId: "shop",
      retries: 4,
      url: "http://a.test/api?fnId=shop-f&stepId=step",
      triggers: [{ kind: "event", event: "a/b", expression: null }],
    });
  });

  test("a function's id is a UUID and stays the same", () => {
    expect(read().id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(read({ name: "other" }).id).toBe(read().id);
  });

  test("keys in other cases: appname, deploy_type, Singleton", () => {
    const { app } = readRegistration({
      url: "http://a.test",
      appname: "shop",
      deploy_type: "ping",
      functions: [{ id: "shop-f", name: "f", Singleton: { Mode: "skip" }, steps: step }],
    });
    expect(app.id).toBe("shop");
    expect(app.functions[0]!.raw["singleton"]).toEqual({ mode: "skip" });
  });

  test("null siblings are absent: triggers, retries, keys", () => {
    const fn = read({
      triggers: [{ event: "a", expression: null, cron: null }],
      retries: null,
      steps: { step: { ...step.step, retries: null } },
      debounce: { period: "1s", key: null, timeout: null },
      concurrency: null,
    });
    expect(fn.retries).toBe(4);
    expect(fn.triggers).toEqual([{ kind: "event", event: "a", expression: null }]);
  });

  test("retries count retries; those of the step win over those of the function", () => {
    expect(read({ retries: 2 }).retries).toBe(2);
    expect(read({ retries: 2, steps: { step: { ...step.step, retries: { attempts: 0 } } } }).retries).toBe(0);
  });

  test("crons with a zone, jitter and our options", () => {
    expect(
      read({ triggers: [{ cron: "TZ=Europe/Paris 0 9 * * *", jitter: "30s", misfire: "all", overlap: "skip" }] })
        .triggers,
    ).toEqual([{ kind: "cron", cron: "TZ=Europe/Paris 0 9 * * *", jitterMs: 30_000, misfire: "all", overlap: "skip" }]);
    expect(read({ triggers: [{ cron: "0 9 * * *" }] }).triggers).toEqual([
      { kind: "cron", cron: "0 9 * * *", jitterMs: 0, misfire: "once", overlap: "allow" },
    ]);
  });

  test("a function may have no triggers, and an app no functions", () => {
    expect(read({ triggers: [] }).triggers).toEqual([]);
    expect(readRegistration({ url: "http://a.test", appName: "shop", functions: null }).app.functions).toEqual([]);
  });

  test("user parameters of the address stay, deployId and probe go", () => {
    const url = "http://0.0.0.0:3000/api?fnId=shop-f&x=a%20b&deployId=d&probe=trust&step=step";
    expect(read({ steps: { step: { runtime: { url } } } }).url).toBe(
      "http://127.0.0.1:3000/api?fnId=shop-f&x=a%20b&step=step",
    );
    const { app } = readRegistration(body({}, { url: "http://127.0.0.1:80/api?deployId=7" }));
    expect(app.url).toBe("http://localhost/api");
  });

  test("the checksum ignores the order of functions and sees every change", () => {
    const other = { id: "shop-g", name: "g", steps: step };
    const [fn] = (body() as { functions: object[] }).functions;
    const first = readRegistration(body({}, { functions: [fn, other] }));
    expect(readRegistration(body({}, { functions: [other, fn] })).checksum).toBe(first.checksum);
    expect(readRegistration(body({}, { functions: [other, { ...fn, name: "x" }] })).checksum).not.toBe(first.checksum);
    expect(readRegistration(body({}, { featureObservations: { a: 1 }, functions: [fn, other] })).checksum).toBe(
      first.checksum,
    );
  });

  test("an in-band reply without sdk, url and version", () => {
    const reply = { app_id: "shop", functions: [], sdk_language: "go", sdk_version: "0.15.1", framework: null };
    expect(readRegistration(registrationOfInBand(reply, "http://a.test/x")).app).toMatchObject({
      id: "shop",
      url: "http://a.test/x",
      sdk: "go:v0.15.1",
    });
  });
});

describe("what is wrong with a function", () => {
  test("all problems at once, each with option, value and rule", () => {
    const found = problems({
      name: "",
      triggers: [{ cron: "* *" }, { event: "a*b" }, { event: "x", expression: "1 +" }],
      rateLimit: { limit: 0, period: "25h" },
      debounce: { period: "soon" },
      singleton: { mode: "maybe" },
    }).split("; function shop-f: ");
    expect(found).toHaveLength(8);
    expect(found[0]).toMatch(/^function shop-f: name "": a function name is required$/);
    expect(found.join("\n")).toMatch(/triggers\[0\]\.cron "\* \*": it has 2 fields/);
    expect(found.join("\n")).toMatch(/triggers\[1\]\.event "a\*b": it must be an event name/);
    expect(found.join("\n")).toMatch(/triggers\[2\]\.expression "1 \+": the expression is not valid/);
    expect(found.join("\n")).toMatch(/rateLimit\.limit 0: /);
    expect(found.join("\n")).toMatch(/rateLimit\.period "25h": it must be at most 1d/);
    expect(found.join("\n")).toMatch(/debounce\.period "soon": it is not a duration/);
    expect(found.join("\n")).toMatch(/singleton\.mode "maybe": /);
  });

  test("problems of several functions are listed together", () => {
    const bad = (id: string) => ({ id, name: "", steps: step });
    expect(() => readRegistration(body({}, { functions: [bad("shop-a"), bad("shop-b")] }))).toThrow(/shop-a.*shop-b/);
  });

  test("triggers given twice, triggers of both kinds, triggers of none", () => {
    expect(problems({ triggers: [{ event: "a" }, { event: "a" }] })).toContain(
      'triggers[1] {"event":"a"}: it is given twice',
    );
    expect(problems({ triggers: [{ event: "a", cron: "* * * * *" }] })).toContain("either an event or a cron");
    expect(problems({ triggers: [{}] })).toContain("either an event or a cron");
    expect(problems({ triggers: [{ event: "a" }, { event: "a", expression: "event.data.x == 1" }] })).toBe("");
  });

  test("limits of numbers and lists", () => {
    expect(problems({ retries: 21 })).toContain("retries 21");
    expect(problems({ cancel: Array(6).fill({ event: "a" }) })).toContain("cancel");
    expect(problems({ triggers: [{ cron: "* * * * *", jitter: "6m" }] })).toContain("at most 5m");
  });

  test("the same id twice", () => {
    const one = { id: "shop-f", name: "f", steps: step };
    expect(() => readRegistration(body({}, { functions: [one, one] }))).toThrow(
      "function shop-f: it is registered twice",
    );
  });

  test("versions of an SDK that are known to be vulnerable", () => {
    const withSdk = (sdk: string) => () => readRegistration(body({}, { sdk }));
    expect(withSdk("js:v3.22.0")).toThrow(/known vulnerability/);
    expect(withSdk("js:v3.53.1")).toThrow(/known vulnerability/);
    expect(withSdk("js:v3.53.2")).not.toThrow();
    expect(withSdk("js:v3.21.9")).not.toThrow();
    expect(withSdk("py:v3.30.0")).not.toThrow();
  });

  test("whatever arrives is either read or refused with a code", () => {
    const key = fc.constantFrom(
      "id",
      "name",
      "triggers",
      "event",
      "cron",
      "steps",
      "step",
      "runtime",
      "url",
      "concurrency",
      "limit",
      "key",
      "period",
      "fn",
      "appName",
      "functions",
      "Singleton",
      "retries",
      "attempts",
    );
    const { tree } = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.string({ unit: "binary" }),
        fc.integer(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.constant("http://a.test/x"),
        fc.constant("1s"),
      ),
      tree: fc.oneof(
        { depthSize: "small" },
        tie("leaf"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 6 }), tree, (fn, any) => {
        for (const value of [body(fn), body({}, fn), any, { url: "http://a.test", appName: "a", functions: any }]) {
          try {
            readRegistration(value);
          } catch (error) {
            expect(isStepwellError(error) && error.status === 400, String(error)).toBe(true);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
