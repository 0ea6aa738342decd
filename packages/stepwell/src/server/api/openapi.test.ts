/** The description keeps the rules of OpenAPI 3.1, and the file that is committed is the description of this code. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ask, startTestServer } from "../../../test/server/harness.ts";
import { openApi, openApiPath } from "./openapi.ts";
import { ROUTES } from "./table.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface Description {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const description = openApi(ROUTES) as unknown as Description;
const operations = Object.entries(description.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

/** Every object within a value. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

const references = [...objectsIn(description)].flatMap(({ $ref }) => (typeof $ref === "string" ? [$ref] : []));

/** JSON Schema's own types; a schema without one allows every value. */
const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

describe("the description", () => {
  test("is the one that is committed (npm run docs:openapi writes it)", () => {
    const file = readFileSync(new URL("../../../../../docs/openapi.json", import.meta.url), "utf8");
    expect(JSON.parse(file)).toEqual(description);
  });

  test("is what the server answers", async () => {
    const server = await startTestServer();
    expect((await ask(`${server.url}/v1/openapi.json`)).json).toEqual(description);
  });

  test("has an operation for each route, and nothing else", () => {
    const described = operations.map(({ path, method, operation }) => `${method} ${path} ${operation.operationId}`);
    const tabled = ROUTES.map((one) => `${one.method.toLowerCase()} ${openApiPath(one.path)} ${one.operationId}`);
    expect(described.sort()).toEqual(tabled.sort());
  });

  test("refers only to schemas that are there, and has none that nobody refers to", () => {
    expect(references.length).toBeGreaterThan(100);
    const named = Object.keys(description.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(references.filter((one) => !named.includes(one))).toEqual([]);
    expect(named.filter((one) => !references.includes(one))).toEqual([]);
    const names = Object.keys(description.components.schemas);
    expect(names.filter((name) => !/^[A-Za-z][\w.-]*$/.test(name))).toEqual([]);
  });

  test("gives each operation words, known tags, and answers with a description", () => {
    const tags = description.tags.map((tag) => tag.name);
    for (const { path, operation } of operations) {
      expect([path, operation.summary.length > 0 && operation.operationId.length > 0]).toEqual([path, true]);
      expect(operation.tags.filter((tag) => !tags.includes(tag))).toEqual([]);
      const statuses = Object.keys(operation.responses);
      expect([path, statuses.filter((status) => !/^[1-5]\d\d$/.test(status))]).toEqual([path, []]);
      // 501: the protocol has it, and nobody offers it here.
      expect([path, statuses.some((status) => status.startsWith("2") || status === "101" || status === "501")]).toEqual(
        [path, true],
      );
      expect([path, Object.values(operation.responses).filter((one) => one.description === "")]).toEqual([path, []]);
    }
  });

  test("declares each parameter once, those of the path as required", () => {
    for (const { path, operation } of operations) {
      const parameters = operation.parameters ?? [];
      const keys = parameters.map((one) => `${one.in} ${one.name}`);
      expect([path, new Set(keys).size]).toEqual([path, keys.length]);
      const inPath = parameters.filter((one) => one.in === "path");
      expect(inPath.map((one) => `{${one.name}}`).sort()).toEqual((path.match(/\{\w+\}/g) ?? []).sort());
      expect([path, inPath.filter((one) => !one.required)]).toEqual([path, []]);
      expect([path, parameters.filter((one) => one.schema === undefined)]).toEqual([path, []]);
    }
  });

  test("has bodies only where a body is sent", () => {
    const wrong = operations.filter(({ method, operation }) => {
      return operation.requestBody !== undefined && (method === "get" || method === "delete");
    });
    expect(wrong).toEqual([]);
  });

  test("uses types that JSON Schema has, and no other dialect", () => {
    const schemas = [...objectsIn(description.components.schemas)];
    const types = schemas.flatMap(({ type }) => (typeof type === "string" ? [type] : Array.isArray(type) ? type : []));
    // A property may be named `type`, and then holds a schema: only texts are looked at.
    expect(types.filter((type) => !TYPES.has(String(type)))).toEqual([]);
    expect(schemas.filter((one) => "$schema" in one || "$defs" in one || "nullable" in one)).toEqual([]);
  });

  test("is open where no key is needed", () => {
    const open = operations.filter(({ operation }) => operation.security?.length === 0);
    const tabled = ROUTES.filter((route) => route.scope === "public").map((route) => openApiPath(route.path));
    expect(open.map(({ path }) => path).sort()).toEqual(tabled.sort());
  });
});
