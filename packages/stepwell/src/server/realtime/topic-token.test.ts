import { expect, test } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import { RunTokens } from "../endpoints/run-token.ts";
import { isTopicToken, TopicTokens } from "./topic-token.ts";

const NOW = 1_700_000_000_000;
const TOPICS = [{ channel: "user:1", topic: "news" }];

test("a token opens its topics, for a minute", () => {
  const tokens = new TopicTokens();
  const token = tokens.issue(TOPICS, "id", NOW);
  expect([isTopicToken(token), tokens.check(token, NOW)]).toEqual([true, TOPICS]);
  expect(() => tokens.check(token, NOW + LIMITS.realtimeTokenMs)).toThrow("opens no topics");
});

test("it is no token of a run, nor the other way round", () => {
  const [runs, topics] = [new RunTokens(["key"]), new TopicTokens()];
  const ofRun = runs.issue("stream", "01HZZZZZZZZZZZZZZZZZZZZZZZ", NOW);
  expect(isTopicToken(ofRun)).toBe(false);
  expect(() => topics.check(ofRun, NOW)).toThrow("opens no topics");
  expect(() => runs.check("stream", topics.issue(TOPICS, "id", NOW), NOW)).toThrow("not valid");
});
