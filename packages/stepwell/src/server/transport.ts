/** Sends each call to the transport of its URL's scheme: `http:`, `https:`, and whatever else is plugged in. */
import type { AppTransport, SaveResults, StopSignal } from "../engine/ports.ts";
import type { Call } from "../protocol/call.ts";
import type { Outcome } from "../protocol/outcome.ts";
import { failedCall } from "../protocol/reply.ts";

export class SchemeTransport implements AppTransport {
  readonly #byScheme: ReadonlyMap<string, AppTransport>;

  /** Transports by scheme, without the colon. */
  constructor(transports: Readonly<Record<string, AppTransport>>) {
    this.#byScheme = new Map(Object.entries(transports));
  }

  call(call: Call, save: SaveResults, signal: StopSignal): Promise<Outcome> {
    const transport = this.#byScheme.get(call.url.slice(0, call.url.indexOf(":")));
    if (transport !== undefined) return transport.call(call, save, signal);
    return Promise.resolve(
      failedCall("app_unreachable", { url: call.url, reason: "its scheme is not supported here" }, null),
    );
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.#byScheme.values())].map((transport) => transport.close()));
  }
}
