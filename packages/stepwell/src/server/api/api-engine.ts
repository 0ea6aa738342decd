/** What routes work with: the server's context, and of the engine no more than this, so that a test can stand in for it. */
import type { Engine } from "../../engine/engine.ts";
import type { ServerContext } from "../context.ts";
import type { RunEnds } from "./run-ends.ts";

/** Actions on runs, functions and apps. Every promise resolves when what it says is durable. */
export type ApiEngine = Pick<
  Engine,
  | "beginRun"
  | "cancelRun"
  | "sendSignal"
  | "invoke"
  | "rerun"
  | "resumeRun"
  | "pause"
  | "unpause"
  | "receive"
  | "removeApp"
>;

export type ApiContext = Omit<ServerContext, "engine"> & {
  readonly engine: ApiEngine & Pick<Engine, "apps" | "watch" | "isAccepting" | "look">;
  readonly runEnds: RunEnds;
};
