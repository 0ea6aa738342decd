/** Whatever apps send, the readers of this layer answer with a value or a coded error, and what they accept can be stored. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isStepwellError } from "../protocol/errors.ts";
import { canonicalJson } from "../protocol/json.ts";
import { parseAppBody } from "./body.ts";
import { readCheckpoint } from "./checkpoint-routes.ts";
import { outcomeOf } from "./http-transport.ts";

const RUN = "01HZZZZZZZZZZZZZZZZZZZZZZZ";

const scalar = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.double(),
  fc.constantFrom(null, true, 0, -1, "1h", "main", `${RUN}.main`, RUN),
);
const key = fc.constantFrom(
  "op",
  "id",
  "name",
  "data",
  "error",
  "opts",
  "message",
  "cause",
  "status",
  "body",
  "headers",
  "userland",
  "timing",
  "a",
  "b",
  "index",
  "__proto__",
  "stack",
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
}));
const op = fc.record(
  {
    op: fc.constantFrom("StepRun", "Step", "StepError", "StepFailed", "Sleep", "StepPlanned", "RunComplete", "Dance"),
    id: scalar,
    data: value,
    error: value,
    opts: value,
    timing: value,
  },
  { requiredKeys: ["op"] },
);

/** JSON texts, some with what JSON can spell and canonical JSON cannot carry, some broken. */
const text = fc
  .tuple(
    fc.oneof(value, fc.array(op, { maxLength: 3 })),
    fc.constantFrom("1e999", '"\\ud800"', "{", '"\\\\ud800"'),
    fc.constantFrom(
      "WHOLE",
      "[PART,WHOLE]",
      '{"message":"x","cause":PART,"data":WHOLE}',
      '[{"op":"StepError","id":"a","error":{"cause":PART}}]',
    ),
  )
  .map(([whole, part, template]) => template.replace("PART", () => part).replace("WHOLE", () => JSON.stringify(whole)));

describe("whatever an app sends", () => {
  test("a reply is an outcome that can be stored", () => {
    const status = fc.constantFrom(200, 201, 204, 206, 299, 304, 400, 401, 410, 500, 503);
    const headers = fc.dictionary(
      fc.constantFrom("x-inngest-sdk", "x-inngest-req-version", "x-inngest-no-retry", "retry-after"),
      fc.constantFrom("js:v4", "2", "true", "false", "10", "soon", "2026-01-01T00:00:00Z", "-1"),
    );
    const body = fc.oneof(
      text.map((json) => Buffer.from(json)),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(status, headers, body, (code, all, bytes) => {
        const outcome = outcomeOf({ status: code, header: (name) => all[name], body: bytes });
        if (outcome.kind === "failed") canonicalJson(outcome.error);
        else if (outcome.kind === "returned") expect(canonicalJson(JSON.parse(outcome.output))).toBe(outcome.output);
        else for (const { data, error, opts } of outcome.ops) canonicalJson([data, error, opts]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a checkpoint is read or refused with a code", () => {
    const body = fc.record(
      { run_id: scalar, qi_id: fc.constant(`${RUN}.main`), generation_id: scalar, steps: fc.array(op) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          body.map((whole) => JSON.stringify(whole)),
          text,
        ),
        (json) => {
          try {
            for (const read of readCheckpoint(parseAppBody(Buffer.from(json)), RUN, 0).ops)
              canonicalJson([read.data, read.opts]);
          } catch (error) {
            expect(isStepwellError(error) && error.status < 500, String(error)).toBe(true);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
