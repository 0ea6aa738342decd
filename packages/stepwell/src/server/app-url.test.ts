import { expect, test } from "vitest";
import type { FunctionConfig } from "../protocol/function.ts";
import { askedUrl, shownUrl } from "./app-url.ts";

test("an address is shown without user, password, query and fragment", () => {
  expect(shownUrl("http://user:hunter2@localhost:3001/api/stepwell?token=tok123#x")).toBe(
    "http://localhost:3001/api/stepwell",
  );
  expect(shownUrl("https://app.example/")).toBe("https://app.example/");
  expect(shownUrl("http://127.0.0.1:9")).toBe("http://127.0.0.1:9");
});

test("what cannot be taken apart is shown only when nothing can hide in it", () => {
  expect(shownUrl("nope")).toBe("nope");
  for (const text of ["http://user:pa/ss@app", "user@nope", "nope?token=tok123"]) {
    expect(shownUrl(text)).toBe("an address that is no URL");
  }
  expect(shownUrl("user:hunter2@app.example")).not.toContain("hunter2");
});

test("an app of this machine is asked by the name it registered its functions under", () => {
  const asked = (url: string, ...called: string[]): string =>
    askedUrl({ url, functions: called.map((each) => ({ url: each }) as FunctionConfig) });
  expect(asked("http://localhost:3000/api", "http://127.0.0.1:3000/api?fnId=a")).toBe("http://127.0.0.1:3000/api");
  expect(asked("http://localhost:3000/api", "http://[::1]:3000/api?fnId=a")).toBe("http://[::1]:3000/api");
  expect(asked("http://localhost:3000/api")).toBe("http://localhost:3000/api");
  expect(asked("https://app.example/api", "http://127.0.0.1:3000/api")).toBe("https://app.example/api");
  expect(asked("http://localhost:3000/api", "https://app.example/api")).toBe("http://localhost:3000/api");
});
