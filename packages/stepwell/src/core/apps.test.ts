import { expect, test } from "vitest";
import { config } from "../../test/run-rig.ts";
import type { AppConfig } from "../protocol/function.ts";
import { Apps } from "./apps.ts";

const app = (...ids: string[]): AppConfig => ({
  id: "app",
  url: "http://app",
  sdk: "ts",
  framework: "",
  version: null,
  functions: ids.map((id) => config(3, { id, slug: `app-${id}` })),
});

test("a sync registers functions; the same checksum changes nothing", () => {
  const apps = new Apps([], []);
  expect(apps.sync(app("a", "b"), "1", 5)).toMatchObject({
    app: { syncedAt: 5 },
    functions: [{ version: 1 }, { version: 1 }],
  });
  expect(apps.sync(app("a", "b"), "1", 6)).toBeNull();
  expect(apps.syncedAt("app")).toBe(5);
});

test("what is missing from the next sync is archived, not forgotten", () => {
  const apps = new Apps([], []);
  apps.sync(app("a", "b"), "1", 0);
  expect(apps.sync(app("a"), "2", 1)!.functions).toMatchObject([{ fn: { id: "b" }, isArchived: true }]);
  expect(apps.functionOf("b")).toBeUndefined();
  expect(apps.anyFunction("b")).toMatchObject({ isArchived: true });
  expect(apps.appIdOf("b")).toBe("app");
});

test("only what changed gets a new version", () => {
  const apps = new Apps([], []);
  apps.sync(app("a", "b"), "1", 0);
  const changed = app("a", "b");
  const functions = [config(9, { id: "a", slug: "app-a" }), changed.functions[1]!];
  expect(apps.sync({ ...changed, functions }, "2", 1)!.functions).toMatchObject([
    { fn: { id: "a", retries: 9 }, version: 2 },
  ]);
});

test("an archived function comes back as a new version", () => {
  const apps = new Apps([], []);
  apps.sync(app("a"), "1", 0);
  apps.sync(app(), "2", 1);
  expect(apps.sync(app("a"), "3", 2)!.functions).toMatchObject([{ version: 2, isArchived: false }]);
});

test("removing an app archives its functions, and the same sync brings them back", () => {
  const apps = new Apps([], []);
  apps.sync(app("a"), "1", 0);
  expect(apps.remove("app", 0)!.functions).toMatchObject([{ isArchived: true }]);
  expect(apps.activeFunctions()).toEqual([]);
  expect(apps.sync(app("a"), "1", 1)).not.toBeNull();
  expect(apps.remove("nobody", 0)).toBeNull();
});

test("what was stored is loaded as it was", () => {
  const first = new Apps([], []);
  const { app: storedApp, functions } = first.sync(app("a", "b"), "1", 7)!;
  const second = new Apps([storedApp], functions);
  expect(second.list()).toEqual(first.list());
  expect(second.sync(app("a", "b"), "1", 8)).toBeNull();
});
