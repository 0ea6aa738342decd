/** A server at which everybody has to log in: the first user, wrong passwords, logging in and out. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { expectAccessible, NARROW, NO_BROWSER, openBrowser, openPage, picture } from "./browser.ts";
import { openWorld, type World } from "./world.ts";

const PASSWORD = "a long and quiet river";

let browser: Browser;
let world: World;
let page: Page;
let guest: Page;

beforeAll(async () => {
  if (NO_BROWSER !== null) return;
  [browser, world] = await Promise.all([openBrowser(), openWorld({ isLocked: true })]);
  ({ page } = await openPage(browser, world.url));
});

afterAll(async () => {
  await Promise.all([browser?.close(), world?.close()]);
});

const needsBrowser = (context: TestContext) => context.skip(NO_BROWSER !== null, NO_BROWSER ?? "");
const heading = (name: string) => page.getByRole("heading", { name }).waitFor();

async function logIn(password: string, name = "ada", at = page): Promise<void> {
  await at.getByLabel("Name").fill(name);
  await at.getByLabel("Password", { exact: true }).fill(password);
  await at.getByRole("button", { name: "Log in" }).click();
}

/** As the first user, on the page of the settings. */
async function setScope(scope: string): Promise<void> {
  const saved = page.waitForResponse((response) => response.request().method() === "PUT");
  await page.getByLabel("What grace may do").selectOption(scope);
  await saved;
}

test("before there is a user, every view says how the first one is made", async (context) => {
  needsBrowser(context);
  await page.goto("/runs");
  await heading("Log in");
  await page.getByText(/The server has printed a link/).waitFor();
  await picture(page, "login-first");
  await expectAccessible(page);
});

test("a link that is none says so", async (context) => {
  needsBrowser(context);
  await page.goto("/setup#nonsense");
  await heading("This link does not work");
  await expectAccessible(page);
});

test("the link of the first start makes the first user, who is logged in", async (context) => {
  needsBrowser(context);
  await page.goto(world.setupUrl!);
  await page.reload(); // Another part behind the # alone loads nothing.
  await heading("Make the first user");
  await expectAccessible(page);
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await picture(page, "setup");
  await page.getByRole("button", { name: "Choose it, and log in" }).click();
  await heading("Home");
  expect(page.url()).not.toContain("#");
  await page.getByText("3. Give it the keys").waitFor();
  expect(await page.getByText("isDev").count()).toBe(0);
  await picture(page, "home-empty-keys");
  await expectAccessible(page);
});

test("whoever logs out sees the log-in again, and a wrong password is refused", async (context) => {
  needsBrowser(context);
  await page.getByRole("button", { name: "Log out" }).click();
  await heading("Log in");
  await logIn("not this one, surely");
  await page
    .getByRole("alert")
    .getByText(/Name or password is wrong/)
    .waitFor();
  await picture(page, "login-refused");
  await expectAccessible(page);
});

test("logging in leads to the view that was asked for", async (context) => {
  needsBrowser(context);
  await page.goto("/settings");
  await logIn(PASSWORD);
  await heading("Settings");
  await page.getByRole("heading", { name: "Users" }).waitFor();
  await picture(page, "settings-users");
  await expectAccessible(page);
});

test("somebody is invited, gets a link, and may do less", async (context) => {
  needsBrowser(context);
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("grace");
  await dialog.getByText("read", { exact: true }).click();
  await dialog.getByRole("button", { name: "Invite" }).click();
  const link = (await dialog.locator(".secret code").textContent()) ?? "";
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  guest = (await openPage(browser, world.url, { size: NARROW })).page;
  await guest.goto(link);
  await guest.getByText("You may read.", { exact: false }).waitFor();
  await picture(guest, "invited");
  await guest.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await guest.getByRole("button", { name: "Choose it, and log in" }).click();
  await guest.getByRole("heading", { name: "Home" }).waitFor();
  await guest.goto("/settings");
  await guest.getByText("Keys, tokens and users are shown to admins.").waitFor();
});

test("whoever may only read sees what takes more, and the palette leaves it out", async (context) => {
  needsBrowser(context);
  const title = 'This needs the scope "operate"; yours is "read".';
  await guest.getByRole("link", { name: "Home", exact: true }).click();
  const send = guest.getByRole("button", { name: "Send an event", disabled: true });
  await send.waitFor();
  expect(await send.getAttribute("title")).toBe(title);
  await send.click({ force: true });
  await guest.getByLabel("Messages").getByText(title).waitFor();
  expect(await guest.getByRole("dialog").count()).toBe(0);
  await picture(guest, "refused-narrow");
  await expectAccessible(guest);
  await guest.getByRole("button", { name: "Find or do" }).click();
  await guest.getByRole("option", { name: "Change the theme" }).waitFor();
  expect(await guest.getByRole("option", { name: /Send an event|Add an app/ }).count()).toBe(0);
  await guest.goto("/runs");
  await guest.getByRole("button", { name: "All runs of this filter" }).click();
  await guest.getByRole("menuitem", { name: "Cancel all open …", disabled: true }).waitFor();
});

test("what somebody may do since a moment ago shows without a reload", async (context) => {
  needsBrowser(context);
  await guest.goto("/");
  await guest.getByRole("button", { name: "Send an event", disabled: true }).waitFor();
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await setScope("operate");
  await guest.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
  await guest.getByRole("button", { name: "Send an event", disabled: false }).waitFor();
  await setScope("read");
  await guest.getByRole("button", { name: "Send an event", disabled: false }).click();
  const dialog = guest.getByRole("dialog");
  await dialog.getByLabel("Event", { exact: true }).click();
  await guest.keyboard.press("Control+a");
  await guest.keyboard.type('{"name":"a"}');
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog
    .getByRole("alert")
    .or(dialog.getByText(/needs the scope/))
    .first()
    .waitFor();
  await guest.keyboard.press("Escape");
  await guest.getByRole("button", { name: "Send an event", disabled: true }).waitFor();
});

test("on a phone, logging out stands behind More, and logging in leads back", async (context) => {
  needsBrowser(context);
  await guest.getByRole("button", { name: "More", exact: true }).click();
  await picture(guest, "more-narrow");
  await guest.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
  await guest.getByRole("heading", { name: "Log in" }).waitFor();
  await logIn("not this one, surely", "grace", guest);
  await guest.getByRole("alert").waitFor();
  await picture(guest, "login-refused-narrow");
  await logIn(PASSWORD, "grace", guest);
  await guest.getByRole("heading", { name: "Home" }).waitFor();
});

test("a session that has ended asks for the password again", async (context) => {
  needsBrowser(context);
  await page.goto("/runs");
  await heading("Runs");
  await page.context().clearCookies();
  await page.evaluate(() => history.pushState({}, "", "/logs"));
  await heading("Log in");
});
