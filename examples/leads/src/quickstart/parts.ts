/**
 * The parts of the quickstart: the stub of the services, the app, and the server, which is started again when it dies.
 *
 *   Q1. The app listens before the server starts: a run that was left unfinished finds it at once.
 *   Q2. A server that dies is started again on the same port and data, a few times; then that is an error.
 */
import type { FastifyInstance } from "fastify";
import { createApp } from "../app.ts";
import { settings } from "../settings.ts";
import { client } from "../stepwell/client.ts";
import { type Stub, startStub } from "../stub/server.ts";
import { freePort, listenFrom } from "./listen.ts";
import * as screen from "./screen.ts";
import { ServerProcess } from "./server-process.ts";
import { sync } from "./sync.ts";

const DATA_DIR = ".stepwell";
/** Each answer of a service takes this long, so that there is something to see and time to pull the plug. */
const SERVICE_DELAY_MS = 400;
const CRASHES_MAX = 10;

export class Parts {
  readonly stub: Stub;
  readonly appUrl: string;
  /** Rejects when the server cannot be kept alive. */
  readonly failed: Promise<never>;
  readonly #app: FastifyInstance;
  #server: ServerProcess;
  #crashes = 0;
  #isEnding = false;
  #fail: (error: unknown) => void = () => {};

  private constructor(stub: Stub, app: FastifyInstance, appUrl: string, server: ServerProcess) {
    this.stub = stub;
    this.#app = app;
    this.appUrl = appUrl;
    this.#server = server;
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // Heard by whoever waits for it.
  }

  /** `port` is the one wanted for the server; 0 takes any. */
  static async start(port: number): Promise<Parts> {
    const stub = await startStub({ delayMs: SERVICE_DELAY_MS });
    process.env["SERVICES_URL"] = stub.url;
    screen.part("services", stub.url, "stub of the LLM, e-mail and phone services");

    const app = createApp();
    const serverPort = await freePort(port);
    if (port !== 0 && serverPort !== port) screen.notice(`Port ${port} is in use; the server takes ${serverPort}.`);
    process.env["STEPWELL_BASE_URL"] = `http://127.0.0.1:${serverPort}`; // Before the first call may come.
    const appUrl = await listenFrom(settings.port, (appPort) => app.listen({ host: settings.host, port: appPort })); // Q1

    const onCrash = (how: string) => void parts.#restart(how);
    const server = await ServerProcess.start({ port: serverPort, dataDir: DATA_DIR, onCrash });
    const parts: Parts = new Parts(stub, app, appUrl, server);
    if (server.port !== serverPort) throw new Error(`Port ${serverPort} was taken meanwhile; please start again.`);
    screen.part("server", server.url, `process ${server.pid}, data in ${DATA_DIR}/`);
    try {
      const functions = await sync(appUrl, server.url, client.id);
      screen.part("app", appUrl, `${functions} functions registered`);
    } catch (error) {
      await parts.end();
      throw error;
    }
    return parts;
  }

  get serverUrl(): string {
    return this.#server.url;
  }

  get serverPid(): number {
    return this.#server.pid;
  }

  /** Kills the server as a power cut would. It is started again like after any crash. */
  crashServer(): void {
    this.#server.crash();
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#server.end();
    await this.#app.close();
    await this.stub.close();
  }

  async #restart(how: string): Promise<void> {
    if (this.#isEnding) return;
    screen.notice(`The server is gone (${how}). Starting it again …`);
    const diedAt = Date.now();
    try {
      if (++this.#crashes > CRASHES_MAX) throw new Error(`The server died ${CRASHES_MAX} times; that is enough.`);
      const onCrash = (next: string) => void this.#restart(next);
      this.#server = await ServerProcess.start({ port: this.#server.port, dataDir: DATA_DIR, onCrash }); // Q2
      if (this.#isEnding) return await this.#server.end();
      screen.notice(`It is back after ${screen.seconds(Date.now() - diedAt)}, as process ${this.#server.pid}.`);
    } catch (error) {
      this.#fail(error);
    }
  }
}
