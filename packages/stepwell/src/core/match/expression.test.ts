import { describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import {
  type CompiledExpression,
  compileExpression,
  type ExpressionFailure,
  isExpressionFailure,
  isExpressionProblem,
} from "./expression.ts";

const NOW = Date.UTC(2026, 4, 1, 12);

const EVENT: JsonObject = {
  name: "shop/order.placed",
  ts: Date.UTC(2026, 4, 1, 11),
  data: {
    id: "o-1",
    amount: 150,
    price: 2.5,
    isPaid: true,
    isGift: false,
    note: null,
    empty: "",
    zero: 0,
    tags: ["new", "vip"],
    none: [],
    items: [
      { sku: "a", count: 1 },
      { sku: "b", count: 3 },
    ],
    user: { id: "u1", email: "Ann@Example.com", "full name": "Ann" },
    at: "2026-05-01T11:30:00Z",
    constructor: "own",
  },
};

function compiled(source: string): CompiledExpression {
  const expression = compileExpression(source, ["event", "async"]);
  if (isExpressionProblem(expression)) throw new Error(`${source}: ${expression.reason}`);
  return expression;
}

function resultOf(source: string, data?: JsonObject): JsonValue | ExpressionFailure {
  return compiled(source).evaluate({ event: data === undefined ? EVENT : { data } }, NOW);
}

function expectAll(cases: Readonly<Record<string, JsonValue>>): void {
  for (const [source, expected] of Object.entries(cases)) expect(resultOf(source), source).toEqual(expected);
}

function failureOf(source: string): string {
  const result = resultOf(source);
  return isExpressionFailure(result) ? result.reason : `no failure: ${JSON.stringify(result)}`;
}

function problemOf(source: string): string {
  const expression = compileExpression(source, ["event"]);
  return isExpressionProblem(expression) ? expression.reason : "no problem";
}

describe("missing and null", () => {
  test("a missing field reads as the table of the dialect says", () => {
    expectAll({
      "event.data.x == null": true,
      'event.data.x != "a"': true,
      'event.data.x == "a"': false,
      "event.data.x < 5": true,
      "event.data.x > 5": false,
      "5 > event.data.x": true,
      "size(event.data.x)": 0,
      '"a" + 1': "a1",
      'event.data.a.b.c == "x"': false,
    });
  });

  test("a missing field comes before everything, zero and negative numbers included", () => {
    expectAll({
      "event.data.x < -5": true,
      "event.data.x >= 0": false,
      "event.data.x <= 0": true,
      "-5 < event.data.x": false,
      'event.data.x < ""': true,
      "event.data.x < timestamp('2026-01-01T00:00:00Z')": true,
    });
  });

  test("two missing fields are not equal, so absent ids match nothing", () => {
    expectAll({
      "event.data.x == event.data.y": false,
      "event.data.x != event.data.y": true,
      "event.data.x == event.data.note": true,
      "event.data.x != null": false,
    });
  });

  test("null in an order stands for the zero value of the other side, and equals only null", () => {
    expectAll({
      "event.data.note == null": true,
      "event.data.note == 0": false,
      'event.data.note == ""': false,
      "event.data.note < 5": true,
      "event.data.note > -5": true,
      "event.data.note >= 0": true,
      "event.data.note >= 1": false,
      'event.data.note < "foo"': true,
      '"foo" < event.data.note': false,
    });
  });

  test("a path through a text, a list or past the end of a list is missing, not an error", () => {
    expectAll({
      "event.data.id.x.y == null": true,
      "event.data.tags.x == null": true,
      "event.data.tags[7] == null": true,
      "event.data.items[9].sku == 'a'": false,
      "async.data.id == event.data.id": false,
    });
  });

  test("functions of missing fields do not fail", () => {
    expectAll({
      "lowercase(event.data.x) == 'a'": false,
      "event.data.x.contains('a')": false,
      "event.data.x.startsWith('a')": false,
      "event.data.x.matches('a')": false,
      "'a'.contains(event.data.x)": false,
      "'a' in event.data.x": false,
      "event.data.x in ['a', 'b']": false,
      "event.data.x.exists(i, i == 1)": false,
      "event.data.x.all(i, i == 1)": false,
      "size(event.data.x.filter(i, i == 1))": 0,
      "date(event.data.x) < now()": true,
      "int(event.data.x)": null,
    });
  });

  test("arithmetic with a missing field is missing, except that + gives the other side", () => {
    expectAll({
      "event.data.x + 'a'": "a",
      "'a' + event.data.x": "a",
      "event.data.x + 1": 1,
      "event.data.x * 2": null,
      "event.data.x * 2 > 10": false,
      "event.data.x % 2 == 0": false,
    });
  });

  test("has() asks for the field, null or not, at any depth", () => {
    expectAll({
      "has(event.data.id)": true,
      "has(event.data.note)": true,
      "has(event.data.x)": false,
      "has(event.data.x.y.z)": false,
      "has(event.data.id.y)": false,
      "has(event.data.user.id)": true,
    });
  });

  test("names that every object inherits are missing unless the event has them", () => {
    expectAll({
      "event.constructor == null": true,
      "event.data.toString == null": true,
      "event['__proto__'] == null": true,
      "event.data.constructor": "own",
      "has(event.hasOwnProperty)": false,
      "'toString' in event": false,
    });
  });
});

describe("truth", () => {
  test("|| gives the first value that counts as true, else the last", () => {
    expectAll({
      "event.data.empty || event.data.id": "o-1",
      "event.data.x || event.data.id": "o-1",
      "event.data.zero || 'z'": "z",
      "event.data.note || false": false,
      "event.data.x || event.data.y": null,
      "false || event.data.none": [],
      "event.data.price || false": 2.5,
    });
  });

  test("&& gives the first value that counts as false, else the last", () => {
    expectAll({
      "event.data.id && event.data.amount": 150,
      "event.data.empty && event.data.id": "",
      "event.data.isPaid && event.data.isGift": false,
      "event.data.x && true": null,
    });
  });

  test("the condition of ?: and ! take any value", () => {
    expectAll({
      "event.data.id ? 1 : 2": 1,
      "event.data.x ? 1 : 2": 2,
      "event.data.zero ? 1 : 2": 2,
      "event.data.none ? 1 : 2": 1,
      "!event.data.x": true,
      "!event.data.id": false,
    });
  });

  test("a failing side does not matter when the other one decides", () => {
    expectAll({
      "1 / 0 == 1 || true": true,
      "true || 1 / 0 == 1": true,
      "1 / 0 == 1 && false": false,
      "[1, 0].exists(i, 1 / i == 1)": true,
    });
    expect(failureOf("1 / 0 == 1 || false")).toBe("division by zero");
    expect(failureOf("1 / 0 == 1 && true")).toBe("division by zero");
  });

  test("test() is true for true alone", () => {
    const test = (source: string) => compiled(source).test({ event: EVENT }, NOW);
    expect(test("event.data.isPaid")).toBe(true);
    expect(test("event.data.id")).toBe(false);
    expect(test("1")).toBe(false);
    expect(test("1 / 0 == 1")).toBe(false);
  });
});

describe("numbers", () => {
  test("numbers of the event mix with integer literals in every operator", () => {
    expectAll({
      "event.data.amount + 1": 151,
      "1 + event.data.price": 3.5,
      "event.data.amount - 1": 149,
      "event.data.amount * 2": 300,
      "event.data.amount / 4": 37.5,
      "event.data.amount % 7": 3,
      "event.data.amount % 2 == 0": true,
      "-event.data.price": -2.5,
      "event.data.amount == 150": true,
      "event.data.price < 3 && event.data.price >= 2.5": true,
      "event.data.amount in [150, 200]": true,
      "event.data.tags[event.data.zero]": "new",
      "event.data.tags[1]": "vip",
    });
  });

  test("integers stay integers: division cuts towards zero, the remainder has the sign of the dividend", () => {
    expectAll({ "7 / 2": 3, "-7 / 2": -3, "-7 % 3": -1, "7.0 / 2.0": 3.5, "1 == 1.0": true, "2u + 3u": 5 });
  });

  test("integers are exact to 64 bits and fail beyond", () => {
    expectAll({
      "9007199254740993 == 9007199254740992.0": false,
      "9007199254740993 > 9007199254740992": true,
      "9223372036854775807": "9223372036854775807",
      "-9223372036854775808": "-9223372036854775808",
    });
    expect(failureOf("9223372036854775807 + 1")).toBe("integer overflow");
    expect(failureOf("-(-9223372036854775808)")).toBe("integer overflow");
    expect(failureOf("event.data.zero == 0 ? 5 % 0 : 1")).toBe("division by zero");
  });

  test("conversions read texts strictly", () => {
    expectAll({
      "int('42')": 42,
      "int(2.9)": 2,
      "double('2.5')": 2.5,
      "string(event.data.amount)": "150",
      "string(true)": "true",
      "bool('true')": true,
      "type(event.data.amount) == double": true,
      "type(1) == int": true,
    });
    expect(failureOf("int('4x')")).toBe("this string is not an int");
    expect(failureOf("int('0x10')")).toBe("this string is not an int");
    expect(failureOf("uint(-1)")).toBe("uint cannot be negative");
  });
});

describe("texts, lists and maps", () => {
  test("single and double quotes, raw and escaped texts", () => {
    expectAll({ "'a' == \"a\"": true, "'it\\'s'": "it's", "r'\\d'": "\\d", "'\\u00e9'": "é", '"""a"b"""': 'a"b' });
  });

  test("the usual tests of texts", () => {
    expectAll({
      "event.name.startsWith('shop/')": true,
      "event.name.endsWith('.placed')": true,
      "event.data.user.email.contains('@')": true,
      "size(event.data.user.email)": 15,
      "event.data.id.size() == 3": true,
      "'\u{1f600}'.size()": 1,
      "'a' < 'b'": true,
      "'\u{1f600}' > '\uffff'": true,
      "lowercase(event.data.user.email)": "ann@example.com",
      "uppercase('é')": "É",
      "'n: ' + event.data.amount": "n: 150",
      "event.data.amount + '!'": "150!",
      "event.data.user['full name']": "Ann",
    });
  });

  test("in asks lists for items and maps for keys", () => {
    expectAll({
      "'vip' in event.data.tags": true,
      "'old' in event.data.tags": false,
      "!('old' in event.data.tags)": true,
      "event.data.id in ['o-1', 'o-2']": true,
      "'id' in event.data": true,
      "null in [null]": true,
      "event.data.tags == ['new', 'vip']": true,
      "event.data.tags + ['x'] == ['new', 'vip', 'x']": true,
      "{'a': 1, 'b': [2]} == {'b': [2.0], 'a': 1}": true,
      "{'a': 1}.a": 1,
      "{1: 'x'}[1]": "x",
    });
  });

  test("macros go over lists and over the keys of maps", () => {
    expectAll({
      "event.data.items.exists(i, i.sku == 'b' && i.count > 2)": true,
      "event.data.items.all(i, i.count > 0)": true,
      "event.data.items.all(i, i.count > 1)": false,
      "event.data.items.exists_one(i, i.count > 1)": true,
      "event.data.items.map(i, i.sku)": ["a", "b"],
      "event.data.items.map(i, i.count > 1, i.sku)": ["b"],
      "event.data.items.filter(i, i.count > 1)": [{ sku: "b", count: 3 }],
      "event.data.user.exists(k, k == 'id')": true,
      "event.data.none.all(i, false)": true,
      "event.data.items.exists(i, event.data.tags.exists(t, t == 'vip' && i.sku == 'b'))": true,
      "[1, 2].map(x, [10, 20].map(y, x * y))": [
        [10, 20],
        [20, 40],
      ],
      "[1, 2].map(x, [3].map(x, x))": [[3], [3]],
    });
  });

  test("matches takes linear time whatever the pattern", () => {
    expectAll({
      "event.data.user.email.matches('^[A-Za-z]+@')": true,
      "matches('abc', 'b')": true,
      "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.matches('^(a+)+$')": false,
    });
    expect(problemOf("event.name.matches('(')")).toContain("a pattern is not valid");
    expect(problemOf("event.name.matches('((a{100}){100}){100}')")).not.toBe("no problem");
  });
});

describe("functions of the dialect", () => {
  test("b64decode and json_parse", () => {
    expectAll({
      "b64decode('aGVsbG8=')": "hello",
      "b64decode('w6k')": "é",
      "b64decode('8J-YgA')": "\u{1f600}",
      'json_parse("{\\"a\\": {\\"b\\": [1]}}").a.b[0] == 1': true,
      "json_parse(b64decode('eyJhIjoxfQ==')).a": 1,
    });
    expect(failureOf("b64decode('!')")).toBe("the text is not Base64");
    expect(failureOf("b64decode('/w==')")).toBe("the decoded bytes are not UTF-8");
    expect(failureOf("json_parse('{')")).toBe("the text is not JSON");
  });

  test("the time is the instant that was handed in", () => {
    expectAll({
      "now()": "2026-05-01T12:00:00Z",
      "now_plus('1h30m')": "2026-05-01T13:30:00Z",
      "now_minus('7d')": "2026-04-24T12:00:00Z",
      "date(event.data.at) > now_minus('1h')": true,
      "date(event.ts) == timestamp('2026-05-01T11:00:00Z')": true,
      "now() == now()": true,
    });
  });

  test("date reads dates, local texts as UTC, and epochs in seconds and milliseconds", () => {
    expectAll({
      "date('2026-05-01')": "2026-05-01T00:00:00Z",
      "date('2026-05-01 10:00:00')": "2026-05-01T10:00:00Z",
      "date('2026-05-01T10:00:00.25+02:00')": "2026-05-01T08:00:00.250Z",
      "date(1777636800)": "2026-05-01T12:00:00Z",
      "date(1777636800000)": "2026-05-01T12:00:00Z",
    });
    expect(failureOf("date('2026-02-30')")).toBe("this text is not a date");
    expect(failureOf("timestamp('2026-05-01')")).toBe("this is not a timestamp");
  });

  test("times and durations calculate and have calendar fields, in any zone", () => {
    expectAll({
      "timestamp('2026-05-01T12:00:00Z') - timestamp('2026-05-01T11:00:00Z') == duration('1h')": true,
      "timestamp('2026-05-01T12:00:00Z') + duration('-1.5h')": "2026-05-01T10:30:00Z",
      "duration('90m').getHours()": 1,
      "duration('90m')": "5400s",
      "now().getFullYear()": 2026,
      "now().getMonth()": 4,
      "now().getDate()": 1,
      "now().getDayOfMonth()": 0,
      "now().getDayOfWeek()": 5,
      "now().getDayOfYear()": 120,
      "now().getHours('America/New_York')": 8,
      "now().getHours('+05:30') == 17 && now().getMinutes('+05:30') == 30": true,
    });
    expect(failureOf("now().getHours('No/Where')")).toBe("No/Where is not a time zone");
  });
});

describe("keys", () => {
  const keyOf = (source: string) => compiled(source).key({ event: EVENT }, NOW);

  test("any result is formatted as text", () => {
    expect(keyOf("event.data.user.id")).toBe("u1");
    expect(keyOf("event.data.amount")).toBe("150");
    expect(keyOf("event.data.isPaid")).toBe("true");
    expect(keyOf("event.data.tags")).toBe('["new","vip"]');
    expect(keyOf("event.data.user.id + '-' + event.data.id")).toBe("u1-o-1");
  });

  test("missing fields and failures share one key", () => {
    expect(keyOf("event.data.x")).toBe("null");
    expect(keyOf("event.data.note")).toBe("null");
    expect(keyOf("1 / 0")).toBe("null");
  });

  test("a long key is replaced by its hash", () => {
    expect(compiled("event.id").key({ event: { id: "x".repeat(5_000) } }, NOW)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});

describe("what is refused when it is read", () => {
  test("errors of writing", () => {
    for (const source of ["", "  ", "event.", "event.data.x ==", "(event", "'open", "event = 1", "event.data..x"]) {
      expect(problemOf(source), source).not.toBe("no problem");
    }
  });

  test("unknown names, functions and numbers of arguments", () => {
    expect(problemOf("evnt.data.x == 1")).toBe("evnt is not known here; use event");
    expect(problemOf("async.data.x == 1")).toContain("async is not known here");
    expect(problemOf("explode(event)")).toBe("function explode is not known");
    expect(problemOf("event.data.explode()")).toBe("function explode is not known");
    expect(problemOf("toString(1)")).toBe("function toString is not known");
    expect(problemOf("now(1)")).toBe("function now does not take 1 arguments");
    expect(problemOf("has(event)")).toContain("has() takes one field");
    expect(problemOf("[1].exists(i, i == 1) && i == 1")).toContain("i is not known here");
  });

  test("too long, too many nodes, too deep", () => {
    expect(problemOf(`'${"x".repeat(4_096)}'`)).toContain("the limit is 4096");
    expect(problemOf(`1${"+1".repeat(1_500)}`)).not.toBe("no problem");
    expect(problemOf("(".repeat(2_000))).not.toBe("no problem");
    expect(problemOf(`${"!".repeat(4_000)}true`)).not.toBe("no problem");
    expect(problemOf(`1${"+1".repeat(90)}`)).toContain("nests deeper");
  });

  test("a long chain of alternatives is fine", () => {
    const ids = Array.from({ length: 150 }, (_, index) => `event.data.id == 'o${index}'`);
    expect(resultOf(ids.join(" || "), { id: "o149" })).toBe(true);
  });
});

describe("limits of an evaluation", () => {
  const list = Array.from({ length: 3_000 }, (_, index) => index);

  test("nested macros over a long list end", () => {
    const source = "event.data.l.all(a, event.data.l.all(b, event.data.l.all(c, true)))";
    expect(resultOf(source, { l: list })).toMatchObject({ reason: "the evaluation takes too long" });
  });

  test("a value that doubles with each step ends, as list, as text and when written out", () => {
    expect(failureOf(`[1]${".map(x, [x, x])".repeat(40)}`)).toBe("the evaluation takes too long");
    expect(failureOf(`['${"a".repeat(50)}']${".map(x, x + x)".repeat(40)}`)).toBe("a text became too long");
    expect(failureOf(`[[1]]${".map(x, x + x)".repeat(40)}`)).toBe("the evaluation takes too long");
  });

  test("the allowance is not absorbed by ||", () => {
    const source = "event.data.l.all(a, event.data.l.all(b, event.data.l.all(c, true))) || true";
    expect(resultOf(source, { l: list })).toMatchObject({ reason: "the evaluation takes too long" });
  });

  test("a value that nests deeper than the stack is a failure, not a crash", () => {
    let deep: JsonValue = 1;
    for (let level = 0; level < 50_000; level++) deep = [deep];
    expect(resultOf("event.data.deep", { deep })).toMatchObject({ reason: expect.any(String) });
    expect(compiled("event.data.deep == event.data.other").test({ event: { data: { deep, other: [] } } }, NOW)).toBe(
      false,
    );
  });
});

test("the same text is compiled once, separately for each set of variables", () => {
  expect(compileExpression("event.data.id == 'once'", ["event"])).toBe(
    compileExpression("event.data.id == 'once'", ["event"]),
  );
  expect(isExpressionProblem(compileExpression("async.x == 1", ["event", "async"]))).toBe(false);
  expect(isExpressionProblem(compileExpression("async.x == 1", ["event"]))).toBe(true);
});
