import { expect, test } from "vitest";
import { lookFurther } from "./look-further.ts";

/** Pages whose cursors count down; the one at 3 has a row. */
const pages = (end: number) => async (cursor: string | null) => {
  const at = Number(cursor ?? 9) - 1;
  return { rows: at === 3 ? ["found"] : [], cursor: at === end ? null : String(at) };
};

test("a search that has found nothing yet goes on until it has", async () => {
  expect(await lookFurther(pages(0), null, () => 0)).toEqual({ rows: ["found"], cursor: "3" });
});

test("it ends at the end, or when it has taken long", async () => {
  expect(await lookFurther(pages(5), null, () => 0)).toEqual({ rows: [], cursor: null });
  let now = 0;
  expect(await lookFurther(pages(0), null, () => (now += 700))).toEqual({ rows: [], cursor: "6" });
});
