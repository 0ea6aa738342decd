import { expect, test } from "vitest";
import { readOutgoing } from "./outgoing.ts";

test("one event, or a list of them", () => {
  expect(readOutgoing('{"name":"a"}')).toEqual({ events: [{ name: "a" }] });
  expect(readOutgoing('[{"name":"a"},{"name":"b","data":{}}]')).toHaveProperty("events.length", 2);
});

test("what is wrong is said before anything is sent, with which event it is", () => {
  expect(readOutgoing("{")).toHaveProperty("problem");
  expect(readOutgoing("[]")).toEqual({ problem: "The list is empty." });
  expect(readOutgoing('{"data":{}}')).toEqual({ problem: "It needs a name." });
  expect(readOutgoing('[{"name":"a"},{"name":"b","data":3}]')).toEqual({
    problem: "Event 2: data has to be an object.",
  });
  expect(readOutgoing(JSON.stringify(Array.from({ length: 101 }, () => ({ name: "a" }))))).toHaveProperty("problem");
});
