import { describe, expect, test } from "vitest";
import { createLog } from "./log.ts";

function lines(format: "json" | "human", level: "debug" | "warn" | "silent" = "debug") {
  const written: string[] = [];
  return { written, log: createLog({ format, level, write: (line) => void written.push(line) }) };
}

describe("the log", () => {
  test("JSON lines carry level, time, message and details", () => {
    const { written, log } = lines("json");
    log.info("app synced", { app: "shop" });
    expect(JSON.parse(written[0]!)).toMatchObject({
      level: 30,
      msg: "app synced",
      app: "shop",
      time: expect.any(String),
    });
  });

  test("human lines are short", () => {
    const { written, log } = lines("human");
    log.warn("slow", { run: "01X", count: 3, nothing: null });
    expect(written[0]).toMatch(/^\d\d:\d\d:\d\d warn: slow run=01X count=3\n$/);
  });

  test("what sounds secret is not written", () => {
    for (const format of ["json", "human"] as const) {
      const { written, log } = lines(format);
      log.error("failed", { signingKey: "s3cret", authorization: "Bearer s3cret", "x-inngest-signature": "s3cret" });
      expect(written.join("")).not.toContain("s3cret");
    }
  });

  test("lower levels stay silent", () => {
    for (const format of ["json", "human"] as const) {
      const { written, log } = lines(format, "warn");
      log.debug("no");
      log.info("no");
      log.warn("yes");
      expect(written).toHaveLength(1);
    }
    const { written, log } = lines("human", "silent");
    log.error("no");
    expect(written).toEqual([]);
  });
});
