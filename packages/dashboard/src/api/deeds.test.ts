import { describe, expect, test } from "vitest";
import { ROUTES } from "../../../stepwell/src/server/api/table.ts";
import { DEEDS, refusalOf } from "./deeds.ts";

describe("a deed", () => {
  test("needs what its route needs", () => {
    const ofRoutes = Object.keys(DEEDS).map((id) => [id, ROUTES.find((one) => one.operationId === id)?.scope]);
    expect(Object.fromEntries(ofRoutes)).toEqual(DEEDS);
  });

  test("is refused to a lesser scope, with the one it needs", () => {
    expect(refusalOf("cancelRun", "read")).toBe('This needs the scope "operate"; yours is "read".');
    expect(refusalOf("syncApp", "operate")).toBe('This needs the scope "admin"; yours is "operate".');
  });

  test("is open to its scope and to greater ones", () => {
    expect(refusalOf("cancelRun", "operate")).toBeNull();
    expect(refusalOf("cancelRun", "admin")).toBeNull();
    expect(refusalOf("syncApp", "admin")).toBeNull();
  });
});
