/**
 * Pages of the built dashboard in a real Chromium, or the reason why there is none.
 *
 *   BR1. A page that reports an error to its console, or throws one, fails its test.
 *   BR2. What a test looked at is kept as a picture in `test-artifacts/dashboard`.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const PICTURES = join(ROOT, "test-artifacts", "dashboard");
const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ACTION_MS_MAX = 15_000;

const path = [process.env["CHROMIUM"], ...CANDIDATES].find((one) => one !== undefined && existsSync(one));
const isBuilt = existsSync(join(ROOT, "packages", "stepwell", "dist", "dashboard", "index.html"));

/** Why nothing can be looked at here; null: it can. */
export const NO_BROWSER: string | null =
  path === undefined
    ? "there is no Chromium; `apt-get install chromium` brings it, or CHROMIUM names one"
    : isBuilt
      ? null
      : "the dashboard is not built; run `npm run build`";

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 400, height: 860 };

export interface Watched {
  readonly page: Page;
  /** What the console was told. */
  readonly problems: string[];
}

export function openBrowser(): Promise<Browser> {
  // As root, in a container, Chromium has no sandbox of its own.
  return chromium.launch({ executablePath: path!, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export interface PageOptions {
  readonly size?: typeof WIDE;
  readonly isDark?: boolean;
}

export async function openPage(
  browser: Browser,
  url: string,
  { size = WIDE, isDark = false }: PageOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: size,
    baseURL: url,
    colorScheme: isDark ? "dark" : "light",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(ACTION_MS_MAX);
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  return { page, problems };
}

/** BR1, and nothing sticks out at the side. */
export async function expectSound({ page, problems }: Watched): Promise<void> {
  expect(problems).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly target: unknown }[] }[];
}

/** WCAG 2.2, levels A and AA, as far as a program can tell. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async (): Promise<AxeResults> => {
    const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    return axe.run({
      runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
      resultTypes: ["violations"],
    });
  });
  const told = found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(" | ")}`,
  );
  expect(told).toEqual([]);
}

/** BR2. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}
