import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, startKeyedServer, startTestServer } from "../../test/server/harness.ts";
import { openDashboard } from "./dashboard-files.ts";

function builtFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "stepwell-dashboard-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<!doctype html>");
  writeFileSync(join(folder, "assets", "main-1.js"), "run()");
  writeFileSync(join(folder, "assets", "notes.txt"), "not for the web");
  return `${folder}/`;
}

describe("the files", () => {
  test("are those that the build wrote, with their types", async () => {
    const dashboard = openDashboard([builtFolder()]);
    const script = await dashboard.asset("main-1.js");
    expect(script).toMatchObject({ contentType: "text/javascript; charset=UTF-8" });
    expect(gunzipSync(script!.zipped).toString()).toBe("run()");
    expect(await dashboard.asset("notes.txt")).toBeUndefined();
  });

  test("are never looked for beside them", async () => {
    const folder = builtFolder();
    writeFileSync(join(folder, "secret.js"), "");
    const dashboard = openDashboard([folder]);
    for (const name of ["../secret.js", "..\\secret.js", "./main-1.js", "", "constructor", "__proto__"]) {
      expect([name, await dashboard.asset(name)]).toEqual([name, undefined]);
    }
  });

  test("without a build, the page says so", async () => {
    const page = await openDashboard([join(tmpdir(), "no-such-folder/")]).page();
    expect(page.body.toString()).toContain("npm run build");
  });
});

describe("the server", () => {
  test("answers the page at every view, open to all, and runs nothing that stands inline", async () => {
    const server = await startKeyedServer();
    for (const path of ["/", "/runs", "/runs/01HZZZZZZZZZZZZZZZZZZZZZZZ", "/functions/shop-charge"]) {
      const page = await ask(server.url + path);
      expect([path, page.status, page.headers["content-type"]]).toEqual([path, 200, "text/html; charset=UTF-8"]);
      expect(page.headers["content-security-policy"]).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'/,
      );
      expect(page.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(page.headers["x-content-type-options"]).toBe("nosniff");
      expect(page.text).not.toMatch(/<style|<script(?![^>]* src=)|style="|\son\w+=/);
    }
  });

  test("answers the page where a name has slashes, to browsers alone", async () => {
    const server = await startKeyedServer();
    const html = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
    for (const path of ["/functions/shop%2Fcharge", "/functions/shop/charge", "/functions/a/b/c", "/apps/a/b"]) {
      const page = await ask(server.url + path, html);
      expect([path, page.status, page.headers["content-type"]]).toEqual([path, 200, "text/html; charset=UTF-8"]);
      expect(page.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    }
    expect((await ask(`${server.url}/functions/shop/charge`)).status).toBe(404);
    expect((await ask(`${server.url}/functions/shop/charge`, { ...html, method: "POST" })).status).toBe(404);
    expect((await ask(`${server.url}/v1/functions/shop/charge`, html)).status).toBe(401);
    expect((await ask(`${server.url}/runs/a/b`, html)).status).toBe(404);
  });

  test("tells a browser at an address of nothing so in a page that leads on", async () => {
    const server = await startKeyedServer();
    const headers = { accept: "text/html" };
    const page = await ask(`${server.url}/nowhere`, { headers });
    expect([page.status, page.headers["content-type"]]).toEqual([404, "text/html; charset=UTF-8"]);
    const again = await ask(`${server.url}/nowhere`, {
      headers: { ...headers, "if-none-match": page.headers["etag"]! },
    });
    expect([again.status, again.text]).toEqual([404, page.text]);
    expect((await ask(`${server.url}/nowhere`)).headers["content-type"]).toBe("application/json");
  });

  test("answers no page at other addresses", async () => {
    const server = await startTestServer();
    for (const path of ["/run", "/runs/a/b", "/index.html", "/assets", "/assets/"]) {
      const answer = await ask(server.url + path);
      expect([path, answer.status, answer.headers["content-type"]]).toEqual([path, 404, "application/json"]);
    }
  });

  test("gives no file outside the dashboard away", async () => {
    const server = await startTestServer();
    for (const name of ["..%2findex.html", "%2e%2e%2f%2e%2e%2fpackage.json", "..%5cindex.html", "%00", "a%2f..%2fb"]) {
      expect([name, (await ask(`${server.url}/assets/${name}`)).status]).toEqual([name, 404]);
    }
  });

  test("a page that has not changed is not sent again", async () => {
    const server = await startTestServer();
    const first = await ask(server.url);
    expect(first.headers["cache-control"]).toBe("no-cache");
    const again = await ask(server.url, { headers: { "if-none-match": String(first.headers["etag"]) } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("packs what it sends when the client can unpack it", async () => {
    const server = await startTestServer();
    const page = await ask(server.url, { headers: { "accept-encoding": "gzip, br" } });
    expect(page.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
  });
});
