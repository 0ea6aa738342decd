/** Every view, wide and narrow: it shows what it is for, is accessible, and says nothing in the console. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import {
  expectAccessible,
  expectSound,
  NARROW,
  NO_BROWSER,
  openBrowser,
  openPage,
  picture,
  type Watched,
  WIDE,
} from "./browser.ts";
import { fill, openWorld, type World } from "./world.ts";

let browser: Browser;
let world: World;
let empty: World;
/** Wide and light; narrow and dark. */
let looks: { readonly suffix: string; readonly watched: Watched }[];

beforeAll(async () => {
  if (NO_BROWSER !== null) return;
  [browser, world, empty] = await Promise.all([openBrowser(), openWorld(), openWorld({ isEmpty: true })]);
  await fill(world);
  const [wide, narrow] = await Promise.all([
    openPage(browser, world.url, { size: WIDE }),
    openPage(browser, world.url, { size: NARROW, isDark: true }),
  ]);
  looks = [
    { suffix: "wide", watched: wide },
    { suffix: "narrow", watched: narrow },
  ];
});

afterAll(async () => {
  await Promise.all([browser?.close(), world?.close(), empty?.close()]);
});

const needsBrowser = (context: TestContext) => context.skip(NO_BROWSER !== null, NO_BROWSER ?? "");

/** Each of the texts must be there to be seen. */
async function look(name: string, address: string, texts: readonly (string | RegExp)[], url = world.url) {
  await Promise.all(
    looks.map(async ({ suffix, watched }) => {
      const { page } = watched;
      await go(page, url, address);
      for (const text of texts) await page.getByText(text).filter({ visible: true }).first().waitFor();
      await picture(page, `${name}-${suffix}`);
      await expectAccessible(page);
      await expectSound(watched);
    }),
  );
}

/** As a link does: without loading the page again. */
async function go(page: Page, url: string, address: string): Promise<void> {
  if (page.url().startsWith(url)) await page.evaluate((to) => history.pushState({}, "", to), address);
  else await page.goto(url + address);
}

async function eventNamed(name: string): Promise<string> {
  const { data } = await world.get<{ data: { internal_id: string }[] }>(`/v1/events?name=${name}`);
  return data[0]!.internal_id;
}

describe("views", () => {
  test("home tells what runs, what is stuck and how the apps are", async (context) => {
    needsBrowser(context);
    const stuck = /5 jobs of Build a report/;
    await look("home", "/", ["Throughput", "Backlog", stuck, "Nightly cleanup is paused", "matched nothing"]);
  });

  test("home without an app shows how to connect one", async (context) => {
    needsBrowser(context);
    await look("home-empty", "/", ["Connect your app", "1. Write a function"], empty.url);
  });

  test("runs are listed with their status", async (context) => {
    needsBrowser(context);
    await look("runs", "/runs", ["Fulfil an order", "Completed"]);
  });

  test("runs that no filter fits are said to be none", async (context) => {
    needsBrowser(context);
    await look("runs-none", "/runs?text=nowhere-to-be-found", ["No runs fit these filters"]);
  });

  test("a completed run shows its steps, child, output and log lines", async (context) => {
    needsBrowser(context);
    const id = await world.runOf("fulfil-order", "COMPLETED");
    await look("run", `/runs/${id}`, ["reserve-stock", "send-mail", "ch_4242", /fulfilling/, "order/placed"]);
  });

  test("a failed run shows its error with its cause", async (context) => {
    needsBrowser(context);
    const id = await world.runOf("import-contacts", "FAILED");
    await look("run-failed", `/runs/${id}`, ["The file has a row that cannot be read", "Caused by", /is no address/]);
  });

  test("a queued run says which limit it waits at, and who holds it", async (context) => {
    needsBrowser(context);
    const id = await world.runOf("build-report", "QUEUED");
    await look("run-queued", `/runs/${id}`, [
      "Waits for a place",
      /concurrency 1 per event.data.tenant/,
      "1 of 1 taken",
    ]);
  });

  test("a waiting run says for what, and until when", async (context) => {
    needsBrowser(context);
    const id = await world.runOf("onboarding", "RUNNING");
    await look("run-waiting", `/runs/${id}`, ["Waits for an event", /project\/created/, "in 2 d"]);
  });

  test("a run that is not there is said to be missing", async (context) => {
    needsBrowser(context);
    const watched = await openPage(browser, world.url);
    await watched.page.goto("/runs/01HZZZZZZZZZZZZZZZZZZZZZZZ");
    await watched.page.getByText(/was not found/).waitFor();
    await picture(watched.page, "run-missing");
    await expectAccessible(watched.page);
  });

  test("events are listed with their listeners", async (context) => {
    needsBrowser(context);
    await look("events", "/events", ["order/placed", "1 function"]);
  });

  test("an event shows what became of it", async (context) => {
    needsBrowser(context);
    const id = await eventNamed("order/placed");
    await look("event", `/events/${id}`, ["What became of it", "shop-fulfil-order", /"o-4"/]);
  });

  test("an event that matched nothing says so, with a similar name", async (context) => {
    needsBrowser(context);
    const id = await eventNamed("user/signedup");
    await look("event-unheard", `/events/${id}`, ["This event matched nothing.", /user\/signed-up/]);
  });

  test("functions are listed with their triggers", async (context) => {
    needsBrowser(context);
    await look("functions", "/functions", ["Build a report", "report/requested", "Paused, holds"]);
  });

  test("a function shows charts, limits in use, triggers and configuration", async (context) => {
    needsBrowser(context);
    const texts = ["Runs ended", "1 of 1 taken", "Queue and limits", "Configuration", /1 step at once/];
    await look("function", "/functions/shop-build-report", texts);
  });

  test("a schedule tells its next ticks", async (context) => {
    needsBrowser(context);
    await look("function-schedule", "/functions/shop-newsletter", [
      "TZ=Europe/Berlin 0 9 * * 1",
      /Europe\/Berlin/,
      /^in \d+ [dh]/,
    ]);
  });

  test("the queue tells what waits at which limit, and what gathers events", async (context) => {
    needsBrowser(context);
    await look("queue", "/queue", [
      "Waiting for a turn",
      /Waits at the limit: concurrency 1/,
      "Gathering events",
      "Index for search",
      "Sleeping and waiting",
      "Remind later",
      "project/created",
      /^wakes in/,
    ]);
  });

  test("apps are listed with their health", async (context) => {
    needsBrowser(context);
    await look("apps", "/apps", ["shop", "Synced"]);
  });

  test("an app shows its functions and what its syncs changed", async (context) => {
    needsBrowser(context);
    await look("app", "/apps/shop", ["History", "14 functions added"]);
  });

  test("logs are listed across runs", async (context) => {
    needsBrowser(context);
    await look("logs", "/logs", [/fulfilling/, "info"]);
  });

  test("operations tell how they are begun when there are none", async (context) => {
    needsBrowser(context);
    await look("operations", "/operations", ["No operations yet"]);
  });

  test("settings show keys, tokens and the audit", async (context) => {
    needsBrowser(context);
    await look("settings", "/settings", ["This server is open", "API tokens", "Retention", /pause function/]);
  });

  test("an address of nothing leads home", async (context) => {
    needsBrowser(context);
    const watched = await openPage(browser, world.url);
    expect((await watched.page.goto("/nowhere"))?.status()).toBe(404);
    await watched.page.getByRole("heading", { name: "There is nothing at this address." }).waitFor();
    watched.problems.length = 0; // The browser reports the 404 itself.
    await watched.page.getByRole("link", { name: "Runs", exact: true }).click();
    await watched.page.getByRole("heading", { name: "Runs" }).waitFor();
    await expectSound(watched);
    expect(watched.page.url()).toContain("/runs");
  });

  test("a function whose name has a slash is there after a reload, however its address is written", async (context) => {
    needsBrowser(context);
    const url = "http://127.0.0.1:9/api";
    const runtime = { type: "http", url: `${url}?fnId=leads-api/external-call&stepId=step` };
    const call = {
      id: "leads-api/external-call",
      name: "External call",
      triggers: [{ event: "lead/arrived" }],
      steps: { step: { id: "step", name: "step", runtime } },
    };
    const facts = { v: "0.1", deployType: "ping", sdk: "test:v1.0.0", framework: "none", appName: "leads-api" };
    await empty.post("/fn/register", { ...facts, url, functions: [call] });
    const watched = await openPage(browser, empty.url);
    const { page } = watched;
    for (const address of ["/functions/leads-api%2Fexternal-call", "/functions/leads-api/external-call"]) {
      await page.goto(address);
      await page.getByRole("heading", { name: "External call" }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "External call" }).waitFor();
    }
    await page.goto("/functions");
    await page.getByRole("link", { name: "External call" }).click();
    await page.getByRole("heading", { name: "External call" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "External call" }).waitFor();
    await expectSound(watched);
  });
});
