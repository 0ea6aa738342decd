import { describe, expect, test } from "vitest";
import { runRow } from "../../../test/server/api-harness.ts";
import { outputOf } from "./output.ts";

const completed = (output: unknown) => outputOf(runRow({ status: "completed", output: JSON.stringify(output) }));

describe("the output of a run", () => {
  test("is the endpoint's answer, with or without a wrapping", () => {
    const answer = { status: 201, headers: { "Content-Type": "text/html", "X-Made": "yes" }, body: "<b>made</b>" };
    expect(completed(answer)).toMatchObject({
      status: 201,
      headers: { "content-type": "text/html", "x-made": "yes" },
      body: "<b>made</b>",
    });
    expect(completed({ data: answer })).toEqual(completed(answer));
  });

  test("says nothing about the connection, sets no cookie and runs no script here", () => {
    const headers = {
      Connection: "close",
      "Transfer-Encoding": "chunked",
      "Content-Length": "99",
      "Content-Encoding": "br",
      "Set-Cookie": "session=1",
      "Access-Control-Allow-Origin": "http://one.test",
      "Content-Security-Policy": "default-src *",
    };
    expect(completed({ status: 200, headers, body: "" }).headers).toEqual({
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    });
  });

  test("leaves out headers that nobody can send", () => {
    const headers = { "bad name": "1", good: "a\r\nx-injected: 1", number: 1, list: ["a", "b"] };
    expect(Object.keys(completed({ status: 200, headers, body: "" }).headers)).toEqual([
      "list",
      "content-security-policy",
      "x-content-type-options",
    ]);
  });

  test("is the value itself when it is no answer", () => {
    for (const value of [null, 7, { status: 99, body: "" }, { status: "200", body: "" }, { status: 200 }]) {
      expect(completed(value)).toMatchObject({ status: 200, body: JSON.stringify(value) });
    }
  });

  test("has no body where HTTP has none", () => {
    expect(completed({ status: 204, headers: {}, body: "x" }).body).toBe("");
  });

  test("of a run that failed is an error without its stack; of one that goes on, that it does", () => {
    const error = JSON.stringify({ name: "Error", message: "no stock", stack: "at secret.ts" });
    expect(outputOf(runRow({ status: "failed", error }))).toMatchObject({
      status: 500,
      body: '{"status":"failed","error":{"name":"Error","message":"no stock"}}',
    });
    expect(outputOf(runRow({ status: "running" })).body).toContain('"status":"running"');
  });
});
