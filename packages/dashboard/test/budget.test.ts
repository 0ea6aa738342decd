/** What the first look at the dashboard costs to load. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const BUILT = join(import.meta.dirname, "..", "..", "stepwell", "dist", "dashboard");
const INITIAL_BYTES_MAX = 250 * 1024;

test("the scripts that the page names are 250 KB at most, compressed", (context) => {
  context.skip(!existsSync(join(BUILT, "index.html")), "the dashboard is not built; run `npm run build`");
  const page = readFileSync(join(BUILT, "index.html"), "utf8");
  const names = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]!);
  expect(names).not.toEqual([]);
  const bytes = names.reduce((sum, name) => sum + gzipSync(readFileSync(join(BUILT, name))).length, 0);
  expect(bytes).toBeLessThanOrEqual(INITIAL_BYTES_MAX);
});

test("nothing stands inline in the page, and nothing comes from elsewhere", (context) => {
  context.skip(!existsSync(join(BUILT, "index.html")), "the dashboard is not built; run `npm run build`");
  const page = readFileSync(join(BUILT, "index.html"), "utf8");
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|https?:\/\//);
});
