/** Why a server cannot listen, as a coded error. */
import { StepwellError } from "../protocol/errors.ts";

export function listenError(error: NodeJS.ErrnoException, host: string, port: number): StepwellError {
  if (error.code === "EADDRINUSE") return new StepwellError("port_in_use", { port });
  return new StepwellError("listen_failed", { host, port, reason: reasonOf(error, host, port) }, { cause: error });
}

function reasonOf(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case "EACCES":
      return `port ${port} needs administrator rights`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN": // Names cannot be looked up here: the address is none that needs no look-up.
      return `${host} is no address of this machine`;
    default:
      return error.message;
  }
}
