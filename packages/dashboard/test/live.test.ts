/** Pages that stay open while things happen: what is new shows soon, nothing jumps, and a flood leaves them responsive. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { expectSound, NO_BROWSER, openBrowser, openPage, picture, type Watched } from "./browser.ts";
import { openWorld, type World } from "./world.ts";

/** A change is told within a tenth of a second, looked at at once, and drawn; the rest is for busy machines. */
const SEEN_MS_MAX = 1_500;
const RESPONSE_MS_MAX = 500;

let browser: Browser;
let world: World;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  if (NO_BROWSER !== null) return;
  [browser, world] = await Promise.all([openBrowser(), openWorld()]);
  watched = await openPage(browser, world.url);
  page = watched.page;
});

afterAll(async () => {
  await Promise.all([browser?.close(), world?.close()]);
});

const needsBrowser = (context: TestContext) => context.skip(NO_BROWSER !== null, NO_BROWSER ?? "");

test("a run appears in the list without a reload, and a step in its page", async (context) => {
  needsBrowser(context);
  await page.goto("/runs");
  await page.getByText("Nothing has run yet").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  const startedAt = performance.now();
  await world.send({ name: "order/placed", data: { id: "o-1" } });
  await page.locator(".run-row .row-link").getByText("Fulfil an order").first().waitFor();
  expect(performance.now() - startedAt).toBeLessThan(SEEN_MS_MAX);
  await page.locator(".run-row .row-link").getByText("Fulfil an order").first().click();
  await page.getByRole("option", { name: /send-mail/ }).waitFor();
  await page.locator(".page-head").getByText("Completed").waitFor();
  await expectSound(watched);
});

test("the steps of a run stay where they are when it goes on and ends", async (context) => {
  needsBrowser(context);
  await world.send({ name: "user/signed-up", data: { user: "u-9", plan: "pro" } });
  const id = await world.runOf("onboarding", "RUNNING");
  await page.goto(`/runs/${id}`);
  await page.locator(".why").getByText("Waits for an event").waitFor();
  const top = () => page.locator(".run-columns").evaluate((element) => element.getBoundingClientRect().top);
  const before = await top();
  await world.send({ name: "project/created", data: { user: "u-9" } });
  await page.locator(".why").getByText("Completed.").waitFor();
  expect(await top()).toBe(before);
});

test("rows stay where they are while somebody points at them; new ones wait beside the list", async (context) => {
  needsBrowser(context);
  await page.goto("/runs");
  const first = page.locator(".run-row .row-link").first();
  await first.hover();
  const before = await first.getAttribute("href");
  await world.send({ name: "video/uploaded", data: { parts: 1 } });
  await page.getByRole("button", { name: /1 new run/ }).waitFor();
  await picture(page, "runs-waiting");
  expect(await first.getAttribute("href")).toBe(before);
  await page.getByRole("button", { name: /1 new run/ }).click();
  await page.locator(".run-row .row-link").getByText("Transcode a video").first().waitFor();
});

test("older rows that cannot be loaded say so, are not asked for without end, and come when asked again", async (context) => {
  needsBrowser(context);
  await world.send(...Array.from({ length: 70 }, (_, n) => ({ name: "old/news", data: { n } })));
  let asked = 0;
  await page.route(/\/v1\/events\?.*cursor=/, (route) => {
    asked++;
    return route.abort();
  });
  await page.goto("/events");
  await page.locator(".event-row .row-link").first().waitFor();
  const list = page.getByRole("region", { name: "Events" });
  const toEnd = () => list.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
  await toEnd();
  const failure = page.getByRole("alert").getByText("Older events could not be loaded.");
  await failure.waitFor();
  await picture(page, "events-older-failed");
  const before = asked;
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  expect(asked).toBe(before);
  await page.unroute(/\/v1\/events\?.*cursor=/);
  await page.getByRole("button", { name: "Try again" }).click();
  await failure.waitFor({ state: "detached" });
  await toEnd();
  await page.getByText('{"n":0}').first().waitFor();
  watched.problems.length = 0; // The browser reports what was cut off itself.
});

test("two thousand runs at once leave an open page responsive", async (context) => {
  needsBrowser(context);
  await page.goto("/runs");
  await page.getByText("Live", { exact: true }).waitFor();
  const flood = (async () => {
    for (let batch = 0; batch < 10; batch++) {
      await world.send(...Array.from({ length: 200 }, (_, n) => ({ name: "video/uploaded", data: { parts: 0, n } })));
    }
  })();
  const waits: number[] = [];
  let isOver = false;
  const over = flood.then(() => {
    isOver = true;
  });
  while (!isOver) {
    // A frame, and a task behind it: what a click would wait for.
    waits.push(
      await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            const at = performance.now();
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - at)));
          }),
      ),
    );
  }
  await over;
  const sorted = waits.sort((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(RESPONSE_MS_MAX);
  expect(await page.locator(".run-row").count()).toBeLessThan(60);
  await expectSound(watched);
});
