import { expect, test } from "vitest";
import { waitingText } from "./dev.ts";

const server = { port: 8288, url: "http://127.0.0.1:8288" };

test("who named no app is told how to, and who named one is told where it is looked for, without secrets", () => {
  expect(waitingText(server, { url: [], discovery: true })).toContain("on the usual ports");
  expect(waitingText(server, { url: [], discovery: false })).toContain("or pass -u URL");
  const named = waitingText(server, { url: ["http://user:hunter2@localhost:1/api?token=tok123"], discovery: true });
  expect(named).toBe("waiting for an app at http://localhost:1/api; set STEPWELL_DEV=1 in the app");
});
