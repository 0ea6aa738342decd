import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { checkOrigin, mayUseCookie, type OriginRules } from "./origin.ts";

const CLOSED: OriginRules = { isOpen: false, publicUrl: null, trustProxy: false };
const OPEN: OriginRules = { ...CLOSED, isOpen: true };
const HOST = "stepwell.example.com:8288";
const PAGE = `http://${HOST}`;

type Headers = Readonly<Record<string, string>>;
const request = (headers: Headers, method = "POST") => ({ method, headers }) as unknown as IncomingMessage;

function verdict(headers: Headers, rules = CLOSED, origins: "own" | "any" = "own", method = "POST"): string {
  try {
    checkOrigin(request({ host: HOST, ...headers }, method), origins, rules);
    return "fine";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("on a closed server", () => {
  test("its own pages and programs may ask, whatever the scheme that a proxy has", () => {
    for (const headers of [{}, { origin: PAGE }, { origin: `https://${HOST}` }, { "sec-fetch-site": "same-origin" }]) {
      expect([headers, verdict(headers)]).toEqual([headers, "fine"]);
    }
  });

  test("pages of others may not, however near they are", () => {
    const origins = [
      "https://evil.example",
      "http://stepwell.example.com",
      "http://a.stepwell.example.com:8288",
      "null",
    ];
    for (const origin of origins) {
      expect([origin, verdict({ origin })]).toEqual([origin, "origin_refused"]);
      expect([origin, verdict({ origin }, CLOSED, "own", "GET")]).toEqual([origin, "origin_refused"]);
    }
    for (const site of ["cross-site", "same-site"]) {
      expect(verdict({ "sec-fetch-site": site, "sec-fetch-mode": "no-cors" })).toBe("origin_refused");
      expect(verdict({ "sec-fetch-site": site, "sec-fetch-mode": "navigate" })).toBe("origin_refused");
      expect(verdict({ "sec-fetch-site": site, "sec-fetch-mode": "cors" }, CLOSED, "own", "GET")).toBe(
        "origin_refused",
      );
      expect(verdict({ origin: "https://evil.example", "sec-fetch-site": site }, CLOSED, "any")).toBe("fine");
    }
  });

  test("a link from elsewhere leads to a page", () => {
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect(verdict(link, CLOSED, "own", "GET")).toBe("fine");
  });

  test("behind a proxy, pages of the public address may ask", () => {
    const rules = { ...CLOSED, publicUrl: "https://jobs.example.com" };
    expect(verdict({ host: "10.0.0.1:8288", origin: "https://jobs.example.com" }, rules)).toBe("fine");
    expect(verdict({ host: "10.0.0.1:8288", origin: "http://jobs.example.com" }, rules)).toBe("origin_refused");
  });

  test("a cookie counts for a change only where the browser says that a page of the server asks", () => {
    const uses = (headers: Headers, method = "POST") =>
      mayUseCookie(request({ host: HOST, ...headers }, method), CLOSED);
    expect(uses({ origin: PAGE })).toBe(true);
    expect(uses({ "sec-fetch-site": "same-origin" })).toBe(true);
    expect(uses({}, "GET")).toBe(true);
    for (const headers of [{}, { origin: "null" }, { "sec-fetch-site": "none" }, { "sec-fetch-site": "same-site" }]) {
      expect([headers, uses(headers)]).toEqual([headers, false]);
    }
  });
});

describe("on an open server", () => {
  const at = (host: string, headers: Headers = {}) => verdict({ host, ...headers }, OPEN);

  test("names of this machine, of containers and of the local network are answered", () => {
    const hosts = ["localhost:8288", "127.0.0.1:8288", "[::1]:8288", "app.localhost", "host.docker.internal:8288"];
    for (const host of [...hosts, "stepwell", "192.168.1.5", "a.test"])
      expect([host, at(host)]).toEqual([host, "fine"]);
  });

  test("names of the internet are not: they may have been made to stand for this machine", () => {
    const hosts = ["evil.example:8288", "localhost.evil.example", "127.0.0.1.evil.example", "8.8.8.8", "evil.example."];
    for (const host of hosts) expect([host, at(host)]).toEqual([host, "host_refused"]);
  });

  test("neither is who comes from the internet through a proxy on this machine", () => {
    expect(at("localhost:8288", { "x-forwarded-for": "10.0.0.7, 127.0.0.1" })).toBe("fine");
    expect(at("localhost:8288", { "x-forwarded-for": "127.0.0.1, 8.8.8.8" })).toBe("host_refused");
  });

  test("pages of others neither ask nor send events, but those of the local network may send", () => {
    expect(at("localhost:8288", { origin: "http://localhost:3000" })).toBe("origin_refused");
    expect(at("localhost:8288", { origin: "http://localhost:8288" })).toBe("fine");
    const sends = (origin: string) => verdict({ host: "localhost:8288", origin }, OPEN, "any");
    expect(sends("http://localhost:3000")).toBe("fine");
    expect(sends("https://evil.example")).toBe("origin_refused");
    expect(sends("null")).toBe("origin_refused");
  });
});
