import { expect, test } from "vitest";
import { requestMessage } from "./request-message.ts";

const parts = { method: "POST", origin: "http://shop.test:81", path: "/a?b=c", headers: ["x-a", "1"], body: "\u00e9" };

test("a request is its line, its headers, and a body whose bytes are counted", () => {
  expect(requestMessage(parts)).toBe(
    "POST /a?b=c HTTP/1.1\r\nhost: shop.test:81\r\nconnection: keep-alive\r\nx-a: 1\r\ncontent-length: 2\r\n\r\n\u00e9",
  );
  expect(requestMessage({ ...parts, body: Buffer.from("\u00e9") }).toString()).toBe(requestMessage(parts));
});

test("without a body, methods that could have one say so", () => {
  expect(requestMessage({ ...parts, body: null }).toString()).toMatch(/content-length: 0\r\n\r\n$/);
  expect(requestMessage({ ...parts, method: "GET", body: null }).toString()).not.toContain("content-length");
});

test("nothing in a request can begin another one", () => {
  const refused = (more: Partial<typeof parts>) =>
    expect(() => requestMessage({ ...parts, ...more })).toThrow("cannot be sent");
  refused({ method: "GET / HTTP/1.1\r\n" });
  refused({ path: "/a b" });
  refused({ path: "http://other/" });
  refused({ path: "/\u00e9" });
  refused({ headers: ["x-a", "1\r\nx-b: 2"] });
  refused({ headers: ["x-a: 1\r\nx-b", "2"] });
  refused({ headers: ["x-a", "\u0100"] });
});
