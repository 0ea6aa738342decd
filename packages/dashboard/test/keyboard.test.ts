/** The main paths with the keyboard alone. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { NO_BROWSER, openBrowser, openPage, picture } from "./browser.ts";
import { openWorld, type World } from "./world.ts";

let browser: Browser;
let world: World;
let page: Page;

beforeAll(async () => {
  if (NO_BROWSER !== null) return;
  [browser, world] = await Promise.all([openBrowser(), openWorld()]);
  await world.send({ name: "video/uploaded", data: { parts: 3 } });
  await world.runOf("transcode", "COMPLETED");
  ({ page } = await openPage(browser, world.url));
});

afterAll(async () => {
  await Promise.all([browser?.close(), world?.close()]);
});

const needsBrowser = (context: TestContext) => context.skip(NO_BROWSER !== null, NO_BROWSER ?? "");
const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");

/** Goes on with Tab until what has the focus fits. */
async function tabTo(fits: (text: string) => boolean, pressesMax = 60): Promise<void> {
  for (let presses = 0; presses < pressesMax; presses++) {
    await page.keyboard.press("Tab");
    if (fits(await focused())) return;
  }
  throw new Error(`the focus never got there; it is on ${JSON.stringify(await focused())}`);
}

test("the palette leads to a place by a few letters", async (context) => {
  needsBrowser(context);
  await page.goto("/");
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("queu");
  await picture(page, "palette");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Queue" }).waitFor();
});

test("the palette leads to a run by its id", async (context) => {
  needsBrowser(context);
  const id = await world.runOf("transcode", "COMPLETED");
  await page.keyboard.press("Control+k");
  await page.keyboard.type(id);
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(id));
});

test("the first stop of every view skips to its content", async (context) => {
  needsBrowser(context);
  await page.goto("/runs");
  await page.getByRole("heading", { name: "Runs" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
});

test("a run is opened from the list, a step chosen, and the run started again", async (context) => {
  needsBrowser(context);
  await page.goto("/runs");
  await page.locator(".run-row").getByText("Transcode a video").first().waitFor();
  await tabTo((text) => text === "Transcode a video");
  await page.keyboard.press("Enter");
  await page.getByRole("listbox", { name: "Steps" }).waitFor();
  await page.getByRole("listbox", { name: "Steps" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("heading", { name: /^part-/ }).waitFor();
  await page.getByRole("button", { name: "Rerun …" }).focus();
  await page.keyboard.press("Enter");
  await tabTo((text) => text === "Rerun");
  await page.keyboard.press("Enter");
  await page.getByText("A new run has started; this is it.").waitFor();
});

test("an event is sent", async (context) => {
  needsBrowser(context);
  await page.goto("/events");
  await page.getByRole("heading", { name: "Events" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("send an");
  await page.keyboard.press("Enter");
  await page.getByLabel("Begin with").focus();
  await page.keyboard.type("video");
  await page
    .getByRole("dialog")
    .getByText(/"parts"/)
    .waitFor();
  await page.getByRole("dialog").getByRole("button", { name: /^Send/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("The event was sent.").waitFor();
});

test("a dialog gives the focus back when it closes", async (context) => {
  needsBrowser(context);
  await page.goto("/functions/shop-transcode");
  await page.getByRole("button", { name: "Pause …" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toContain("Pause");
});
