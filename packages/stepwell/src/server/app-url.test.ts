import { expect, test } from "vitest";
import { shownUrl } from "./app-url.ts";

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
