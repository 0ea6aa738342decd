/** Every app that `stepwell init` makes, run for real: it is found, an event starts its workflow, and the run ends. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { endAll, launch, listening, stepwell, temporaryFolder } from "./command.ts";

const PACKAGE = join(import.meta.dirname, "..", "..");
const MODULES = join(PACKAGE, "..", "..", "node_modules");

afterEach(endAll);

async function scaffolded(framework: string): Promise<string> {
  const parent = temporaryFolder();
  const { code, stdout } = await stepwell(["init", "my-app", "--framework", framework, "--yes"], parent).ended;
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("npm run stepwell") });
  const folder = join(parent, "my-app");
  // What `npm install` would bring: this package, and those that the repository has.
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PACKAGE, join(folder, "node_modules", "stepwell"));
  symlinkSync(MODULES, join(parent, "node_modules"));
  return folder;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Starts the app and a server, sends the first event through the app, and waits for the run. */
async function runApp(framework: string): Promise<void> {
  const folder = await scaffolded(framework);
  // A test need not sleep as long as a demonstration.
  const workflow = join(folder, "src/stepwell/workflows/hello/workflow.ts");
  writeFileSync(workflow, readFileSync(workflow, "utf8").replace('"wait-a-moment", "5s"', '"wait-a-moment", "100ms"'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const server = stepwell(
    ["dev", "--port", "0", "--no-discovery", "--poll-interval", "0.2", "-u", `${url}/api/stepwell`, "--json"],
    folder,
  );
  const serverUrl = await listening(server);
  const app = launch(process.execPath, ["src/main.ts"], folder, { PORT: String(port), STEPWELL_BASE_URL: serverUrl });
  await app.said(/The app listens/);
  await server.said(/app synced/);
  const answer = await fetch(`${url}/hello?name=Ada`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"name":"Ada"}',
  });
  expect(answer.status).toBe(202);
  const { ids } = (await answer.json()) as { ids: string[] };
  await app.said(/^Hello, Ada!$/m);
  const shown = await stepwell(["events", "show", ids[0] ?? "", "--url", serverUrl, "--json"], folder).ended;
  const { runs } = JSON.parse(shown.stdout) as { runs: { run_id: string }[] };
  const followed = await stepwell(["runs", "follow", runs[0]!.run_id, "--url", serverUrl, "--json"], folder).ended;
  expect(followed.stdout).toMatch(/"completed"/i);
}

async function typesFit(folder: string): Promise<void> {
  const tsc = join(MODULES, "typescript", "bin", "tsc");
  expect(await launch(process.execPath, [tsc, "--noEmit", "-p", "."], folder).ended).toMatchObject({
    code: 0,
    stdout: "",
  });
}

/** Installs nothing, but starts two processes; a busy machine takes its time. */
const patience = { timeout: 60_000 };

describe("the app runs and ends its first run", patience, () => {
  test("fastify", () => runApp("fastify"));
  test("express", () => runApp("express"));
  test("hono", () => runApp("hono"));
  test("koa", () => runApp("koa"));
  test("node", () => runApp("node"));
});

describe("the app's types fit", patience, () => {
  const check = async (framework: string) => typesFit(await scaffolded(framework));
  test("fastify", () => check("fastify"));
  test("hono", () => check("hono"));
  test("node", () => check("node"));

  // The repository has no types of these hosts: what is checked is all but the files that import them.
  const checkWithout = async (framework: string) => {
    const folder = await scaffolded(framework);
    const config = join(folder, "tsconfig.json");
    const settings = { ...JSON.parse(readFileSync(config, "utf8")), include: ["src/stepwell", "src/app/api"] };
    settings.compilerOptions.types = ["node"];
    writeFileSync(config, JSON.stringify(settings));
    await typesFit(folder);
  };
  test("express, without its server", () => checkWithout("express"));
  test("koa, without its server", () => checkWithout("koa"));
  test("next, without its pages", () => checkWithout("next"));
});

test("a folder that holds something is left alone", async () => {
  const parent = temporaryFolder();
  mkdirSync(join(parent, "taken"));
  writeFileSync(join(parent, "taken", "mine.txt"), "mine");
  const { code, stderr } = await stepwell(["init", "taken", "--yes"], parent).ended;
  expect(code).toBe(1);
  expect(stderr).toContain("is not empty");
  expect(readdirSync(join(parent, "taken"))).toEqual(["mine.txt"]);
});

test("--json tells what was written", async () => {
  const parent = temporaryFolder();
  const { stdout } = await stepwell(["init", "Über App", "--framework", "next", "--json"], parent).ended;
  const { folder, files } = JSON.parse(stdout) as { folder: string; files: string[] };
  expect(files).toContain("src/app/api/stepwell/route.ts");
  expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({ name: "ber-app" });
});
