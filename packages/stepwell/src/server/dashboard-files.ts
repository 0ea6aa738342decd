/**
 * The built dashboard, read once into memory: its page, and the files that the page names.
 *
 *   DF1. Only what the build wrote is answered: names are looked up among those read, and never become paths.
 *   DF2. Scripts, styles and connections come from and go to this server alone; nothing stands inline.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

export interface DashboardFile {
  readonly body: Buffer;
  readonly zipped: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

/** Where the files are; tests have their own. */
export interface Dashboard {
  page(): Promise<DashboardFile>;
  asset(name: string): Promise<DashboardFile | undefined>;
}

export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=UTF-8",
  ".html": "text/html; charset=UTF-8",
  ".js": "text/javascript; charset=UTF-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Stepwell</title></head>
<body><h1>Stepwell</h1><p>The server is running. Its dashboard is not built: run <code>npm run build</code>.</p></body>
</html>
`;

/** Beside the built server; the sources use what was built last. */
const FOLDERS = ["../dashboard/", "../../dist/dashboard/"].map((path) => fileURLToPath(new URL(path, import.meta.url)));

export function openDashboard(folders: readonly string[] = FOLDERS): Dashboard {
  let files: Promise<ReadonlyMap<string, DashboardFile>> | null = null;
  const load = () => {
    files ??= readFiles(folders);
    return files;
  };
  return {
    async page() {
      return (await load()).get("index.html")!;
    },
    async asset(name) {
      return (await load()).get(`assets/${name}`); // DF1
    },
  };
}

async function readFiles(folders: readonly string[]): Promise<ReadonlyMap<string, DashboardFile>> {
  for (const folder of folders) {
    const page = await fileOf(folder, "index.html");
    if (page === null) continue;
    const names = await readdir(`${folder}assets`);
    const assets = await Promise.all(names.map((name) => fileOf(folder, `assets/${name}`)));
    const entries = names.flatMap((name, index): [string, DashboardFile][] => {
      const file = assets[index];
      return file === undefined || file === null ? [] : [[`assets/${name}`, file]];
    });
    return new Map([["index.html", page], ...entries]);
  }
  return new Map([["index.html", await packed(Buffer.from(NOT_BUILT), ".html")]]);
}

/** Null: it is not there, or nothing that a page loads. */
async function fileOf(folder: string, name: string): Promise<DashboardFile | null> {
  const extension = extname(name);
  if (TYPES[extension] === undefined) return null;
  const body = await readFile(folder + name).catch(() => null);
  return body === null ? null : packed(body, extension);
}

const zip = promisify(gzip);

async function packed(body: Buffer, extension: string): Promise<DashboardFile> {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
  return { body, zipped: await zip(body), contentType: TYPES[extension]!, etag };
}
