import { expect, test } from "vitest";
import { createSseParser } from "./sse.ts";

test("events come out when they are complete, however they are cut", () => {
  const parse = createSseParser();
  expect(parse(": connected\n\nevent: run_en")).toEqual([]);
  expect(parse('ded\ndata: {"a":')).toEqual([]);
  expect(parse("1}\nid: 7\n\ndata: x\n")).toEqual([{ event: "run_ended", data: '{"a":1}', id: "7" }]);
  expect(parse("data: y\n\n")).toEqual([{ event: "message", data: "x\ny", id: null }]);
});

test("comments and fields without data are no events", () => {
  expect(createSseParser()(": alive\n\nevent: nothing\n\n")).toEqual([]);
});

test("line ends of Windows are line ends", () => {
  expect(createSseParser()("data: a\r\n\r\n")).toEqual([{ event: "message", data: "a", id: null }]);
});
