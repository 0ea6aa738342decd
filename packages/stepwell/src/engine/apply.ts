/** A command, with the facts it needs, goes to the core; what comes back is the answer to whoever asked. */
import type { Command, Look } from "../core/command.ts";
import type { Core } from "../core/core.ts";
import type { Facts } from "../core/facts.ts";
import type { Instant } from "../core/instant.ts";

export function applyCommand(core: Core, command: Command, facts: Facts, now: Instant): unknown {
  switch (command.kind) {
    case "receive_events":
      return core.receiveEvents(command, facts, now);
    case "reply":
      core.reply(command, facts, now);
      return undefined;
    case "request_reply":
      core.requestReply(command, now);
      return undefined;
    case "deliver":
      core.deliver(command, facts, now);
      return undefined;
    case "put_operation":
      core.putOperation(command, now);
      return undefined;
    case "save_checkpoint":
      return core.saveCheckpoint(command, facts, now);
    case "cancel_run":
      return core.cancelRun(command, now);
    case "sync_app":
      return core.syncApp(command, now);
    case "remove_app":
      return core.removeApp(command, now);
    case "send_signal":
      return core.sendSignal(command, facts, now);
    case "invoke_function":
      return core.invokeFunction(command, facts, now);
    case "rerun":
      return core.rerun(command, facts, now);
    case "begin_run":
      return core.beginRun(command, now);
    case "resume_run":
      return core.resumeRun(command, facts, now);
    case "create_endpoint_run":
      return core.createEndpointRun(command, facts, now);
    case "save_endpoint_steps":
      return core.saveEndpointSteps(command, facts, now);
    case "look":
      return look(command, core, now);
    case "pause":
      return core.pause(command, now);
  }
}

/** What a look throws is the affair of whoever looks; it must not end the turn. */
function look({ read }: Look, core: Core, now: Instant): unknown {
  try {
    return read(core.view, now);
  } catch (error) {
    const failed = Promise.reject(error);
    failed.catch(() => {}); // It is told with the answer, which may be later.
    return failed;
  }
}
