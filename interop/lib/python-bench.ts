/** What the tests of the Python SDK share: a server, the app as a process of its own, and the services around it. */
import { freePort, type Process, startProcess, waitUntilUp } from "./processes.ts";
import { PYTHON_APP, type Python } from "./python.ts";
import { type Keys, type Server, startServer } from "./server.ts";
import { type Services, startServices } from "./services.ts";

export interface PythonBench {
  readonly server: Server;
  readonly services: Services;
  readonly app: Process;
  readonly appUrl: string;
  readonly sync: { status: number; body: Record<string, unknown> };
  /** Asks an endpoint of the app. */
  post(path: string, body: unknown): Promise<{ ids: string[] }>;
  stop(): Promise<void>;
}

export async function startPythonBench(python: Python, keys?: Keys): Promise<PythonBench> {
  const [server, services, port] = await Promise.all([
    startServer(keys === undefined ? {} : { keys }),
    startServices(),
    freePort(),
  ]);
  const origin = `http://127.0.0.1:${port}`;
  const env: Record<string, string> = {
    SERVICES_URL: services.url,
    INNGEST_BASE_URL: server.url,
    PYTHONDONTWRITEBYTECODE: "1",
    ...(keys === undefined
      ? {}
      : { ENVIRONMENT: "production", INNGEST_SIGNING_KEY: keys.signingKey, INNGEST_EVENT_KEY: keys.eventKey }),
  };
  const args = ["-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", String(port), "--log-level", "warning"];
  const app = startProcess(python.path, args, { cwd: PYTHON_APP, env });
  const stop = async (): Promise<void> => {
    await Promise.all([app.stop(), server.stop(), services.close()]);
  };
  try {
    await waitUntilUp(`${origin}/health`, app);
    const appUrl = `${origin}/api/inngest`;
    return {
      server,
      services,
      app,
      appUrl,
      sync: await put(appUrl),
      stop,
      post: (path, body) => post(origin + path, body),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks the app to register. */
export async function put(url: string): Promise<PythonBench["sync"]> {
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": "application/json" }, body: "{}" });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function post(url: string, body: unknown): Promise<{ ids: string[] }> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { ids: string[] };
}
