/** The main deeds again, 400 px wide: every button is reached, every dialog fits. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { expectSound, NARROW, NO_BROWSER, openBrowser, openPage, picture, type Watched } from "./browser.ts";
import { cancelRun, handsOn, pauseFunction, rerunFromStep, rerunRun, sendEvent } from "./deeds.ts";
import { fill, openWorld, type World } from "./world.ts";

const at = "-narrow";

let browser: Browser;
let world: World;
let watched: Watched;
let place: { readonly page: Watched["page"]; readonly world: World; readonly at: string };

beforeAll(async () => {
  if (NO_BROWSER !== null) return;
  [browser, world] = await Promise.all([openBrowser(), openWorld()]);
  await fill(world);
  watched = await openPage(browser, world.url, { size: NARROW });
  place = { page: watched.page, world, at };
});

afterAll(async () => {
  await Promise.all([browser?.close(), world?.close()]);
});

const needsBrowser = (context: TestContext) => context.skip(NO_BROWSER !== null, NO_BROWSER ?? "");

test("a run is cancelled", async (context) => {
  needsBrowser(context);
  await cancelRun(place);
  await expectSound(watched);
});

test("a run is run again, whole and from a step", async (context) => {
  needsBrowser(context);
  await rerunRun(place);
  await rerunFromStep(place);
  await expectSound(watched);
});

test("an event is sent", async (context) => {
  needsBrowser(context);
  await sendEvent(place);
  await expectSound(watched);
});

test("a function is paused and resumed", async (context) => {
  needsBrowser(context);
  await pauseFunction(place);
  await expectSound(watched);
});

test("the runs of a filter are cancelled together", async (context) => {
  needsBrowser(context);
  const { page } = place;
  const { press, confirm, told } = handsOn(page);
  await page.goto("/runs?function=shop-newsletter");
  await press("All runs of this filter");
  await picture(page, `menu-all${at}`);
  await page.getByRole("menuitem", { name: "Cancel all open …" }).click();
  await page.getByRole("button", { name: "Cancel 3" }).waitFor();
  await picture(page, `dialog-cancel-all${at}`);
  await confirm("Cancel 3");
  await told(/Cancelling 3 runs in the background/);
  await page.getByRole("link", { name: "See how far it is" }).click();
  await page.getByText(/3 done/).waitFor();
  await expectSound(watched);
});

test("a run that is selected is started again", async (context) => {
  needsBrowser(context);
  const { page } = place;
  const { press, confirm, told } = handsOn(page);
  await page.goto("/runs?function=shop-transcode&status=COMPLETED");
  await page.locator(".run-row .check").last().click();
  await page.getByText("1 selected").waitFor();
  await picture(page, `runs-selected${at}`);
  await press("Rerun 1");
  await confirm("Rerun 1");
  await told("1 run was started again.");
});

test("a key is made, and shown once", async (context) => {
  needsBrowser(context);
  const { page } = place;
  const { press, dialog, confirm } = handsOn(page);
  await page.goto("/settings");
  await press("New event key");
  await dialog().getByLabel("Name").fill("web shop");
  await confirm("Make it");
  await dialog().getByText("The event key").waitFor();
  await picture(page, `dialog-key${at}`);
  await confirm("I have kept it");
  await expectSound(watched);
});

test("an app is added from the palette, and its dialog says what is wrong", async (context) => {
  needsBrowser(context);
  const { page } = place;
  const { press, dialog, confirm } = handsOn(page);
  await page.goto("/");
  await press("Find or do");
  await page.getByRole("option", { name: "Add an app" }).waitFor();
  await picture(page, `palette${at}`);
  await page.getByRole("option", { name: "Add an app" }).click();
  await dialog().getByLabel("Address where it serves its functions").fill("http://127.0.0.1:9/api/stepwell");
  await confirm("Connect");
  await dialog()
    .getByText(/could not be synced|cannot be reached|nobody answers|refused/i)
    .first()
    .waitFor();
  await picture(page, `dialog-add-app${at}`);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(NARROW.width);
});
