/** What strangers write is shown as what it is, text: in names, payloads, results, errors and log lines. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { NO_BROWSER, openBrowser, openPage, picture, type Watched } from "./browser.ts";
import { openWorld, type World } from "./world.ts";

const HOSTILE = `"><img src=x onerror="window.hit=1"><script>window.hit=1</script>`;

let browser: Browser;
let world: World;
let watched: Watched;
let page: Page;
let eventId: string;

beforeAll(async () => {
  if (NO_BROWSER !== null) return;
  [browser, world] = await Promise.all([openBrowser(), openWorld()]);
  const data = { text: HOSTILE, [HOSTILE]: HOSTILE };
  await world.send({ name: `evil/${HOSTILE}`, data });
  [eventId = ""] = await world.send({ name: "evil/arrived", data });
  watched = await openPage(browser, world.url);
  page = watched.page;
});

afterAll(async () => {
  await Promise.all([browser?.close(), world?.close()]);
});

const needsBrowser = (context: TestContext) => context.skip(NO_BROWSER !== null, NO_BROWSER ?? "");

/** The text stands there, and nothing of it came to life. */
async function expectHarmless(): Promise<void> {
  await page
    .getByText(/onerror/)
    .first()
    .waitFor();
  expect(
    await page.evaluate(() => [Object.hasOwn(window, "hit"), document.querySelectorAll("img[src=x]").length]),
  ).toEqual([false, 0]);
  expect(watched.problems).toEqual([]);
}

test("in the names and payloads of events", async (context) => {
  needsBrowser(context);
  await page.goto("/events");
  await expectHarmless();
  await page.goto(`/events/${eventId}`);
  await expectHarmless();
  await picture(page, "hostile-event");
});

test("in the result of a run, the error of another, and what they log", async (context) => {
  needsBrowser(context);
  for (const slug of ["echo", "throw"]) {
    const id = await world.runOf(slug, "COMPLETED", "FAILED");
    await page.goto(`/runs/${id}`);
    await expectHarmless();
    await picture(page, `hostile-${slug}`);
  }
  await page.goto("/logs");
  await expectHarmless();
});

test("in an address", async (context) => {
  needsBrowser(context);
  const text = encodeURIComponent(HOSTILE);
  await page.goto(`/functions/${text}`);
  await expectHarmless();
  await page.goto(`/runs?function=${text}`);
  await page.getByRole("alert").waitFor();
  watched.problems.length = 0; // The browser reports every refusal.
  expect(await page.evaluate(() => Object.hasOwn(window, "hit"))).toBe(false);
});

test("the page's policy lets no script in that is not the server's", async (context) => {
  needsBrowser(context);
  await page.goto("/");
  const isRefused = await page.evaluate(async () => {
    const violation = new Promise<boolean>((resolve) => {
      document.addEventListener("securitypolicyviolation", () => resolve(true), { once: true });
      setTimeout(() => resolve(false), 2_000);
    });
    const image = document.createElement("img");
    try {
      image.setAttribute("onerror", "window.hit=1");
    } catch {
      // Refused at once: scripts are no texts here (trusted types).
    }
    image.src = "https://elsewhere.example/x.png";
    document.body.append(image);
    return violation;
  });
  expect(isRefused).toBe(true);
  expect(await page.evaluate(() => Object.hasOwn(window, "hit"))).toBe(false);
});
