/** What the tests of single step kinds share: a server, an app with their functions, and the little they do with both. */
import {
  type App,
  type AppOptions,
  type Checkpointing,
  type Client,
  type Sdk,
  type SignalClient,
  startApp,
} from "../../apps/app.ts";
import { type Definition, Seen, type Tools } from "../../apps/definition.ts";
import { type Run, type Server, startServer } from "../../lib/server.ts";

/** Settings of the SDK that change how it talks with the server. */
export interface Setting {
  readonly sdk: Sdk;
  readonly title: string;
  readonly checkpointing: Checkpointing;
  readonly optimizeParallelism?: boolean;
  /** A race ends with its first member, not with its last. */
  readonly hasRaces: boolean;
  /** What this version has and others have not. */
  readonly more?: { functions(kit: Kit): readonly Definition[]; describe(bench: () => Bench): void };
}

/** What definitions are made with. */
export interface Kit {
  readonly seen: Seen;
  readonly tools: Tools;
  /** The id of an app of its own whose functions others may invoke. */
  readonly otherAppId: string;
  /** Of a service that the tests play. */
  readonly serviceUrl: string;
}

export interface Sent {
  readonly key: string;
  readonly eventId: string;
}

export interface Bench {
  readonly setting: Setting;
  readonly server: Server;
  readonly app: App;
  readonly client: Client & SignalClient;
  readonly seen: Seen;
  readonly appId: string;
  /** Sends an event with a key of its own, or a given one. */
  send(name: string, data?: Record<string, unknown>): Promise<Sent>;
  /** Sends an event and waits for the end of its only run. */
  runOf(name: string, data?: Record<string, unknown>): Promise<Sent & { readonly run: Run }>;
  stop(): Promise<void>;
}

let keys = 0;
export const newKey = (): string => `key-${++keys}`;

export interface Functions {
  readonly own: readonly Definition[];
  /** Of the other app. */
  readonly other: readonly Definition[];
}

export async function startBench(
  setting: Setting,
  serviceUrl: string,
  functionsOf: (kit: Kit) => Functions,
): Promise<Bench> {
  const { sdk, checkpointing, optimizeParallelism } = setting;
  const server = await startServer();
  const seen = new Seen();
  const optionsOf = (appId: string): AppOptions => ({
    appId,
    baseUrl: server.url,
    isDev: true,
    checkpointing,
    ...(optimizeParallelism === undefined ? {} : { optimizeParallelism }),
  });
  const options = optionsOf(`steps-${sdk.name}`);
  const otherOptions = optionsOf(`other-${sdk.name}`);
  const functions = functionsOf({ seen, tools: sdk.tools, otherAppId: otherOptions.appId, serviceUrl });
  const [app, other] = await Promise.all([
    startApp(sdk.listener(options, functions.own)),
    startApp(sdk.listener(otherOptions, functions.other)),
  ]);
  const client = sdk.client(options);
  const stop = async (): Promise<void> => {
    await Promise.all([app.close(), other.close()]);
    await server.stop();
  };
  const synced = await Promise.all([app.sync(), other.sync()]);
  if (synced.some(({ status }) => status !== 200)) {
    await stop();
    throw new Error(`the apps did not register: ${JSON.stringify(synced)}`);
  }
  const send = async (name: string, data: Record<string, unknown> = {}): Promise<Sent> => {
    const key = String(data["key"] ?? newKey());
    const { ids } = await client.send({ name, data: { ...data, key } });
    return { key, eventId: ids[0] ?? "" };
  };
  const runOf = async (name: string, data: Record<string, unknown> = {}) => {
    const sent = await send(name, data);
    return { ...sent, run: await server.endedRunOf(sent.eventId) };
  };
  return { setting, server, app, client, seen, appId: options.appId, send, runOf, stop };
}

/** What a caught error says, as far as the wire carries it. */
export function told(error: unknown, StepError: Tools["StepError"]) {
  const { name, message, cause } = error as Error;
  const isStepError = error instanceof StepError;
  return { isStepError, name, message, cause: (cause as Error | undefined)?.message ?? null };
}
