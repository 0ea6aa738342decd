/** The page at `/`, read once. Its style is allowed by hash; nothing else runs or loads. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

interface Page {
  readonly html: string;
  readonly policy: string;
}

let page: Promise<Page> | null = null;

export function dashboardPage(): Promise<Page> {
  page ??= readPage().then((html) => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    const policy =
      `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self' data:; base-uri 'none'; ` +
      "form-action 'none'; frame-ancestors 'none'";
    return { html, policy };
  });
  return page;
}

/** Beside the built server, or in the workspace when the sources run. */
async function readPage(): Promise<string> {
  const built = new URL("../dashboard/index.html", import.meta.url);
  const source = new URL("../../../dashboard/index.html", import.meta.url);
  return readFile(built, "utf8").catch(() => readFile(source, "utf8"));
}
