/** What can be done, done with the pointer as people do it; then the server is asked whether it happened. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { expectSound, NO_BROWSER, openBrowser, openPage, picture, type Watched } from "./browser.ts";
import { cancelRun, handsOn, pauseFunction, rerunFromStep, rerunRun, sendEvent } from "./deeds.ts";
import { fill, openWorld, type World } from "./world.ts";

let browser: Browser;
let world: World;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  if (NO_BROWSER !== null) return;
  [browser, world] = await Promise.all([openBrowser(), openWorld()]);
  await fill(world);
  watched = await openPage(browser, world.url);
  page = watched.page;
});

afterAll(async () => {
  await Promise.all([browser?.close(), world?.close()]);
});

const needsBrowser = (context: TestContext) => context.skip(NO_BROWSER !== null, NO_BROWSER ?? "");

const press = (name: string | RegExp) => handsOn(page).press(name);
const dialog = () => handsOn(page).dialog();
const confirm = (name: string | RegExp) => handsOn(page).confirm(name);
const told = (text: string | RegExp) => handsOn(page).told(text);
const countOf = async (query: string) =>
  (await world.get<{ data: unknown[] }>(`/api/v2/runs?limit=100&${query}`)).data.length;
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

describe("a run", () => {
  test("is cancelled, after a question", async (context) => {
    needsBrowser(context);
    await cancelRun({ page, world });
  });

  test("is run again, as a new one that leads to the first", async (context) => {
    needsBrowser(context);
    await rerunRun({ page, world });
  });

  test("is resumed where it failed", async (context) => {
    needsBrowser(context);
    const id = await world.runOf("import-contacts", "FAILED");
    await page.goto(`/runs/${id}`);
    await press("Resume …");
    await confirm("Resume");
    await told("The run goes on.");
    await page.getByText("resumed 1×").waitFor();
  });

  test("is run again from a step, with another input beside the original one", async (context) => {
    needsBrowser(context);
    await rerunFromStep({ page, world });
  });

  test("is copied as JSON and as a command", async (context) => {
    needsBrowser(context);
    const id = await world.runOf("fulfil-order", "COMPLETED");
    await page.goto(`/runs/${id}`);
    await press("More about the run");
    await page.getByRole("menuitem", { name: "Copy as JSON" }).click();
    await told("Copied the run.");
    expect(JSON.parse(await clipboard())).toMatchObject({ run_id: id });
    await press("More about the run");
    await page.getByRole("menuitem", { name: "Copy as curl" }).click();
    await told("Copied the command.");
    expect(await clipboard()).toBe(`curl '${world.url}/v1/runs/${id}'`);
  });

  test("leads to its child, and the child back to it", async (context) => {
    needsBrowser(context);
    const id = await world.runOf("fulfil-order", "COMPLETED");
    await page.goto(`/runs/${id}`);
    await page.getByRole("option", { name: /^receipt/ }).click();
    await page.getByRole("link", { name: "Open the run it invoked" }).click();
    await page.getByRole("link", { name: "the run that invoked it" }).click();
    await page.waitForURL(new RegExp(id));
    await expectSound(watched);
  });
});

describe("many runs", () => {
  test("are found by status, text and expression", async (context) => {
    needsBrowser(context);
    await page.goto("/runs");
    await page.getByRole("button", { name: "Failed", exact: true }).click();
    await page.waitForURL(/status=FAILED/);
    await press("Clear filters");
    await page.getByLabel("Text").fill("march.csv");
    await page.waitForURL(/text=march/);
    await page.locator(".run-row").getByText("Import contacts").first().waitFor();
    await press("Clear filters");
    await page.getByLabel("Expression").fill("event.data.amount > 30");
    await page.getByLabel("Expression").press("Enter");
    await page.locator(".run-row").getByText("Fulfil an order").first().waitFor();
    await picture(page, "runs-expression");
    expect(await page.locator(".run-row .row-link").count()).toBe(1);
  });

  test("are found by when they were queued", async (context) => {
    needsBrowser(context);
    await page.goto("/runs");
    await page.getByLabel("Queued").selectOption("Between …");
    await page.getByLabel("Until").fill("2020-01-01T00:00");
    await page.getByLabel("From").fill("2019-01-01T00:00");
    await page.getByText("No runs fit these filters").waitFor();
    await page.getByLabel("Queued").selectOption("Last hour");
    await page.locator(".run-row .row-link").first().waitFor();
  });

  test("say what is wrong with an expression", async (context) => {
    needsBrowser(context);
    await page.goto("/runs");
    await page.getByLabel("Expression").fill("event.");
    await page.getByLabel("Expression").press("Enter");
    await page.getByText(/Expression event\. is not valid/).waitFor();
    watched.problems.length = 0; // The browser reports every refusal.
  });

  test("that are selected are started again together", async (context) => {
    needsBrowser(context);
    const before = await countOf("function=shop-transcode");
    await page.goto("/runs?function=shop-transcode&status=COMPLETED");
    await page.locator(".run-row .check").last().click();
    await page.getByText("1 selected").waitFor();
    await picture(page, "runs-selected");
    await press("Rerun 1");
    await confirm("Rerun 1");
    await told("1 run was started again.");
    expect(await countOf("function=shop-transcode")).toBe(before + 1);
  });

  test("of a filter are cancelled together, after the server has counted them", async (context) => {
    needsBrowser(context);
    await page.goto("/runs?function=shop-newsletter");
    await press("All runs of this filter");
    await page.getByRole("menuitem", { name: "Cancel all open …" }).click();
    await confirm("Cancel 3");
    await told(/Cancelling 3 runs in the background/);
    await page.getByRole("link", { name: "See how far it is" }).click();
    await page.getByText(/3 done/).waitFor();
    await picture(page, "operations-done");
    expect(await countOf("function=shop-newsletter&status=QUEUED")).toBe(0);
  });

  test("of a text are replayed together, as many as the list shows", async (context) => {
    needsBrowser(context);
    await page.goto("/runs?text=o-3");
    await page.locator(".run-row .row-link").first().waitFor();
    const shown = await page.locator(".run-row .row-link").count();
    expect(shown).toBeLessThan(await countOf(""));
    await press("All runs of this filter");
    await page.getByRole("menuitem", { name: "Replay all ended …" }).click();
    await dialog()
      .getByRole("button", { name: `Replay ${shown}` })
      .waitFor();
    await page.keyboard.press("Escape");
  });

  test("that have failed are resumed together", async (context) => {
    needsBrowser(context);
    await page.goto("/runs?function=shop-import-contacts");
    await press("All runs of this filter");
    await page.getByRole("menuitem", { name: "Resume all failed …" }).click();
    await confirm(/^Resume \d/);
    await told(/Resuming \d+ runs in the background/);
  });

  test("have the columns that somebody chose, also after a reload", async (context) => {
    needsBrowser(context);
    await page.goto("/runs");
    await press("Columns");
    await page.getByRole("menuitemcheckbox", { name: "Ended" }).click();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.locator(".list-head").getByText("Ended").waitFor();
    await expectSound(watched);
  });
});

describe("events", () => {
  test("are sent, beginning with the last payload of the name", async (context) => {
    needsBrowser(context);
    await sendEvent({ page, world });
  });

  test("that nobody listens to are warned about before they are sent", async (context) => {
    needsBrowser(context);
    await page.goto("/events");
    await press("Send an event");
    await dialog().getByLabel("Begin with").selectOption("order/placed");
    await dialog().getByText(/"o-4"/).waitFor();
    await dialog().locator(".editor").click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type('{"name":"order/plced"}');
    await dialog()
      .getByText(/Did you mean order\/placed/)
      .waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
  });

  test("are replayed, several at once", async (context) => {
    needsBrowser(context);
    await page.goto("/events?name=crm/changed");
    await page.locator(".event-row .check").first().click();
    await press(/^Replay 1/);
    await confirm("Send 1 again");
    await told("1 event was sent again.");
    const { data } = await world.get<{ data: unknown[] }>("/v1/events?name=crm/changed");
    expect(data).toHaveLength(2);
    await expectSound(watched);
  });
});

describe("functions and apps", () => {
  test("a function is paused and resumed", async (context) => {
    needsBrowser(context);
    await pauseFunction({ page, world });
  });

  test("a function is invoked with the data of its last run", async (context) => {
    needsBrowser(context);
    await page.goto("/functions/shop-transcode");
    await press("Invoke …");
    await dialog()
      .getByText(/launch\.mp4/)
      .waitFor();
    await confirm("Invoke");
    await page.waitForURL(/\/runs\//);
    await page.getByText("part-8").first().waitFor();
  });

  test("an app is synced again, and one at a wrong address says what to do", async (context) => {
    needsBrowser(context);
    await page.goto("/apps/shop");
    await press("Sync now");
    await told(/was synced/);
    await page.goto("/apps");
    await press("Add an app");
    await dialog().getByLabel("Address where it serves its functions").fill("http://127.0.0.1:9/api/stepwell");
    await confirm("Connect");
    await dialog()
      .getByText(/could not be synced|cannot be reached|nobody answers|refused/i)
      .first()
      .waitFor();
    await page.keyboard.press("Escape");
    await page
      .getByText(/could not be synced/)
      .first()
      .waitFor();
    await picture(page, "apps-failure");
    watched.problems.length = 0; // The browser reports every refusal.
  });
});

describe("the queue", () => {
  test("begins what gathers events, or discards it", async (context) => {
    needsBrowser(context);
    await page.goto("/queue");
    const line = page.locator(".lane-line").filter({ hasText: "Ingest metrics" });
    await line.getByRole("button", { name: "Begin now" }).click();
    await told("It begins now.");
    const other = page.locator(".lane-line").filter({ hasText: "Index for search" }).first();
    await other.getByRole("button", { name: "Discard …" }).click();
    await confirm("Discard");
    await told("It was discarded.");
    expect(await countOf("function=shop-index-search&status=CANCELLED")).toBe(1);
  });
});

describe("logs", () => {
  test("are searched, and a line is shown whole", async (context) => {
    needsBrowser(context);
    await page.goto("/logs");
    await page.getByLabel("Text").fill("o-2");
    await page.waitForURL(/text=o-2/);
    await page.getByRole("button", { name: /fulfilling.*o-2/ }).click();
    await dialog().getByRole("link", { name: "its run" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.locator(".log-line").count()).toBe(1);
  });
});

describe("settings", () => {
  test("make, rotate and revoke a key, and show it once", async (context) => {
    needsBrowser(context);
    await page.goto("/settings");
    await press("New event key");
    await dialog().getByLabel("Name").fill("web shop");
    await confirm("Make it");
    await dialog().getByText("The event key").waitFor();
    await picture(page, "dialog-key");
    await confirm("I have kept it");
    await press("Rotate …");
    await confirm("Rotate");
    await confirm("I have kept it");
    await page.getByRole("button", { name: "Revoke …" }).first().click();
    await confirm("Revoke");
    await told(/was revoked/);
  });

  test("change how long ended runs are kept", async (context) => {
    needsBrowser(context);
    await page.goto("/settings");
    await press("Change …");
    await dialog()
      .getByLabel(/Ended runs are kept/)
      .fill("14d");
    await confirm("Change it");
    await told(/The retention was changed/);
    await page.getByText("14d", { exact: true }).waitFor();
    await picture(page, "settings-retention");
  });

  test("make and revoke a token with a scope", async (context) => {
    needsBrowser(context);
    await page.goto("/settings");
    await press("New token");
    await dialog().getByLabel("Name").fill("deployments");
    await dialog().getByText("operate", { exact: true }).click();
    await confirm("Make it");
    await confirm("I have kept it");
    const line = page.locator(".line").filter({ hasText: "deployments" }).first();
    await line.getByRole("button", { name: "Revoke …" }).click();
    await confirm("Revoke");
    await told("deployments was revoked.");
    await expectSound(watched);
  });
});
