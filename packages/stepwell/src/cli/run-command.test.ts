import { describe, expect, test } from "vitest";
import { commandSays } from "../../test/cli/recording.ts";
import { VERSION } from "../protocol/version.ts";
import { createProgram } from "./program.ts";
import { type Terminal, wantsColors } from "./terminal.ts";

const run = (...args: string[]) => commandSays(args, {}, { columns: 80 });

test("--version prints the version", async () => {
  expect(await run("--version")).toEqual({ code: 0, out: VERSION, err: "" });
});

test("--help lists the commands and the exit codes", async () => {
  const { code, out } = await run("--help");
  expect(code).toBe(0);
  const names = [
    "dev",
    "start",
    "send",
    "runs",
    "events",
    "operations",
    "functions",
    "apps",
    "signal",
    "invoke",
    "init",
  ];
  for (const name of names) expect(out).toMatch(new RegExp(`^ +${name} `, "m"));
  expect(out).toContain("Exit codes:");
});

test("every command has help with examples, and --json", () => {
  const program = createProgram({} as Terminal, {}, () => {});
  const leaves = program.commands.flatMap((one) => (one.commands.length === 0 ? [one] : one.commands));
  const without = leaves.filter((one) => {
    const parts: string[] = [];
    one.configureOutput({ writeOut: (part) => parts.push(part) });
    one.outputHelp();
    const help = parts.join("");
    return !["Examples:", "--json"].every((text) => help.includes(text)) || /default:\s+(?:false|\[)/.test(help);
  });
  expect(without.map((one) => one.name()).filter((name) => name !== "help")).toEqual([]);
});

describe("a wrong command line ends with 2 and says what is wrong", () => {
  const refused = async (args: string[], what: RegExp) => {
    const { code, err } = await run(...args);
    expect(err).toMatch(what);
    expect(code).toBe(2);
  };
  test("unknown command", () => refused(["devv"], /unknown command 'devv'[\s\S]*Did you mean dev/));
  test("unknown option", () => refused(["dev", "--prot", "1"], /unknown option '--prot'/));
  test("a port that is none", () => refused(["dev", "--port", "99999"], /from 0 to 65535/));
  test("an app's address that is none", () => refused(["dev", "-u", "nope"], /Not a URL/));
  test("a missing argument", () => refused(["send"], /missing required argument 'name'/));
  test("data that is no JSON", () => refused(["send", "a", "--data", "{"], /data of the event: not JSON/));
  test("data that is no object", () => refused(["send", "a", "--data", "[1]"], /not a JSON object/));
  test("data given twice", () => refused(["send", "a", "-", "--data", "{}"], /give the data once/));
  test("a file that is not there", () =>
    refused(["send", "a", "--data-file", "/no/such"], /data of the event: ENOENT: no such file/));
  test("an id where a list is meant", () => refused(["runs", "01J"], /`stepwell runs --help` tells/));
  test("as JSON, where that is asked for", async () => {
    const { code, err } = await run("runs", "list", "--json", "--limit", "many");
    expect(code).toBe(2);
    expect(JSON.parse(err)).toMatchObject({
      error: { code: "option_invalid", message: expect.stringContaining("'many'") },
    });
  });
  test("a framework that is none", () => refused(["init", "--framework", "rails"], /Allowed choices are fastify/));
});

test("an error tells what to do and where it is described, as JSON too", async () => {
  const plain = await run("start", "--port", "0");
  expect(plain.err).toContain("error `stepwell start` needs a signing key and an event key.");
  expect(plain.err).toContain("fix  Pass --signing-key");
  expect(plain.err).toMatch(/docs \S*docs\/errors\.md#keys_missing/);
  expect(JSON.parse((await run("start", "--json")).err)).toMatchObject({
    error: { code: "keys_missing", docs: "docs/errors.md#keys_missing" },
  });
});

test("colours are for terminals, unless the environment says otherwise", () => {
  expect(wantsColors({}, true)).toBe(true);
  expect(wantsColors({}, false)).toBe(false);
  expect(wantsColors({ NO_COLOR: "1", FORCE_COLOR: "1" }, true)).toBe(false);
  expect(wantsColors({ FORCE_COLOR: "1" }, false)).toBe(true);
  expect(wantsColors({ TERM: "dumb" }, true)).toBe(false);
});
