import { expect, test } from "vitest";
import { serverUrl } from "./settings.ts";

test("the server is where the option says, then the environment, then on this machine", () => {
  const env = { STEPWELL_BASE_URL: "https://a.example/", INNGEST_BASE_URL: "https://b.example" };
  expect(serverUrl("localhost:9", env)).toBe("http://localhost:9");
  expect(serverUrl(undefined, env)).toBe("https://a.example");
  expect(serverUrl(undefined, { INNGEST_DEV: "http://localhost:7" })).toBe("http://localhost:7");
  expect(serverUrl(undefined, { STEPWELL_DEV: "1" })).toBe("http://localhost:8288");
});

test("what is no address is refused", () => {
  expect(() => serverUrl("http://", {})).toThrow(/--url/);
});
