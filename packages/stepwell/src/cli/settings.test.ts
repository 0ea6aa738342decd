import { expect, test } from "vitest";
import { serverUrl, webUrl } from "./settings.ts";

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

test("without http://, only what looks like an address is one", () => {
  for (const text of ["localhost", "localhost/api", "app:3000", "app.example/x", "127.0.0.1", "[::1]", "u:p@app:1"]) {
    expect(webUrl(text)).toBe(`http://${text}`);
  }
  for (const text of ["nope", "3000", "nope/a.b", "u:p@nope", "ws://app.example"]) expect(webUrl(text)).toBeNull();
  expect(webUrl("http://app/api")).toBe("http://app/api");
  expect(() => serverUrl("nope", {})).toThrow("nope is not a URL");
});
