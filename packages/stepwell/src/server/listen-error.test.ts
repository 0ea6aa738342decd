import { expect, test } from "vitest";
import { listenError } from "./listen-error.ts";

const of = (code: string, message = code) => listenError(Object.assign(new Error(message), { code }), "8.8.8.8", 80);

test("a port that is taken has a code of its own", () => {
  expect(of("EADDRINUSE")).toMatchObject({ code: "port_in_use", details: { port: 80 } });
});

test("an address of another machine, a name that is none and a port without rights are told apart", () => {
  expect(of("EADDRNOTAVAIL").message).toContain("8.8.8.8 is no address of this machine.");
  expect(of("ENOTFOUND").message).toContain("8.8.8.8 is no address of this machine.");
  expect(of("EACCES").message).toContain("port 80 needs administrator rights.");
  expect(of("EMFILE", "too many files")).toMatchObject({
    code: "listen_failed",
    details: { reason: "too many files" },
  });
});
