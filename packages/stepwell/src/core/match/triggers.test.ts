import { describe, expect, test } from "vitest";
import { NO_FLOW } from "../../protocol/flow.ts";
import { type FunctionConfig, NO_TIMEOUTS } from "../../protocol/function.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { TriggerIndex } from "./triggers.ts";

type TriggerText = string | readonly [event: string, expression: string];

function fn(id: string, ...triggers: readonly TriggerText[]): FunctionConfig {
  return {
    id,
    slug: `app-${id}`,
    name: id,
    appId: "app",
    triggers: triggers.map((trigger) => {
      const [event, expression] = typeof trigger === "string" ? [trigger, null] : trigger;
      return { kind: "event", event, expression } as const;
    }),
    retries: 4,
    url: "http://localhost/",
    cancelOn: [],
    timeouts: NO_TIMEOUTS,
    flow: NO_FLOW,
    raw: {},
  };
}

function indexOf(...functions: readonly FunctionConfig[]): TriggerIndex {
  const index = new TriggerIndex();
  index.replaceApp("app", functions);
  return index;
}

function matched(index: TriggerIndex, name: string, data: JsonObject = {}): string[] {
  const matches = index.match({ name, json: { name, data } }, 0);
  return matches.filter(({ outcome }) => outcome === "matched").map((match) => match.fn.id);
}

describe("names and patterns", () => {
  test("an event starts the functions that name it or a pattern that fits it", () => {
    const index = indexOf(fn("a", "app/user.created"), fn("b", "app/user.*"), fn("c", "app/*"), fn("d", "app/user"));
    expect(matched(index, "app/user.created")).toEqual(["a", "b", "c"]);
    expect(matched(index, "app/user")).toEqual(["c", "d"]);
    expect(matched(index, "api/user.created")).toEqual([]);
  });

  test("an event whose name ends in a star is not a pattern", () => {
    expect(matched(indexOf(fn("a", "app/user.created")), "app/*")).toEqual([]);
  });

  test("internal events are matched like any others", () => {
    expect(matched(indexOf(fn("a", "inngest/*")), "inngest/function.failed")).toEqual(["a"]);
  });

  test("hasListener is true for names and patterns, whatever the expression says", () => {
    const index = indexOf(fn("a", ["app/*", "false"]));
    expect(index.hasListener("app/x")).toBe(true);
    expect(index.listenerIds("app/x")).toEqual(["a"]);
    expect(index.hasListener("app")).toBe(false);
  });
});

describe("several triggers", () => {
  test("two triggers that fit start the function once", () => {
    expect(matched(indexOf(fn("a", "app/x", "app/*")), "app/x")).toEqual(["a"]);
  });

  test("a trigger whose expression fails leaves the next one its turn", () => {
    const index = indexOf(fn("a", ["app/x", "1 / 0 == 1"], ["app/*", "event.data.ok"]));
    expect(matched(index, "app/x", { ok: true })).toEqual(["a"]);
  });

  test("triggers are tried in their order and the first true one ends it", () => {
    let reads = 0;
    const event = {
      name: "app/x",
      get json() {
        reads++;
        return { data: { n: 1 } };
      },
    };
    const index = indexOf(fn("a", ["app/x", "event.data.n == 1"], ["app/*", "event.data.n == 1"]));
    expect(index.match(event, 0)).toMatchObject([{ outcome: "matched" }]);
    expect(reads).toBe(1);
  });
});

describe("why a function did not start", () => {
  const reasonOf = (expression: string) =>
    indexOf(fn("a", ["app/x", expression])).match({ name: "app/x", json: { data: {} } }, 0);

  test("the expression was false", () => {
    expect(reasonOf("event.data.n == 1")).toMatchObject([
      { outcome: "filtered", reason: "event.data.n == 1 is false" },
    ]);
  });

  test("the expression gave something else than true or false", () => {
    expect(reasonOf("'yes'")).toMatchObject([{ outcome: "filtered", reason: "'yes' is not true or false" }]);
  });

  test("the expression failed", () => {
    expect(reasonOf("1 / 0 == 1")).toMatchObject([{ reason: "1 / 0 == 1 failed: division by zero" }]);
  });

  test("the expression is not valid", () => {
    expect(reasonOf("event.data.")).toMatchObject([{ outcome: "filtered" }]);
  });
});

describe("changes", () => {
  test("a new sync of an app replaces its functions and leaves other apps alone", () => {
    const index = indexOf(fn("a", "app/x"));
    index.replaceApp("other", [fn("z", "app/x")]);
    expect(matched(index, "app/x")).toEqual(["a", "z"]);
    index.replaceApp("app", [fn("b", "app/x")]);
    expect(matched(index, "app/x")).toEqual(["b", "z"]);
    index.removeApp("other");
    expect(matched(index, "app/x")).toEqual(["b"]);
    index.removeApp("app");
    expect(index.hasListener("app/x")).toBe(false);
  });

  test("the order of the result does not depend on the order of registration", () => {
    expect(matched(indexOf(fn("b", "app/x"), fn("a", "app/*")), "app/x")).toEqual(["a", "b"]);
  });

  test("a function without event triggers listens on nothing", () => {
    const cron = { kind: "cron", cron: "* * * * *", jitterMs: 0, misfire: "once", overlap: "allow" } as const;
    expect(indexOf({ ...fn("a"), triggers: [cron] }).hasListener("* * * * *")).toBe(false);
  });
});
