/**
 * Who listens to which topics of which channels, and what is told to them.
 *
 *   HB1. Nothing is stored or kept: who listens when a message is published gets it, in the order of publishing.
 *   HB2. A message is written once for all, and nobody waits for anybody: a listener that is slow is its own problem
 *        (listener.ts).
 *   HB3. Listeners, and topics of each, are bounded. A topic that nobody listens to costs nothing.
 */
import { StepwellError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";

export interface Topic {
  readonly channel: string;
  readonly topic: string;
}

export type MessageKind = "data" | "datastream-start" | "chunk" | "datastream-end";

export interface Message extends Topic {
  readonly kind: MessageKind;
  /** JSON text on one line. */
  readonly dataJson: string;
  readonly createdAt: string;
  readonly runId: string | null;
  /** JSON text on one line. */
  readonly metadataJson: string | null;
  readonly streamId: string | null;
}

export interface Listener {
  /** JSON text on one line. False when the listener is let go for it: it does not read. */
  send(text: Buffer): boolean;
  /** The server stops. */
  close(): void;
}

/** Names have no control characters, so this tells any two topics apart. */
const keyOf = ({ channel, topic }: Topic): string => `${channel}\n${topic}`;

export interface RealtimeStats {
  readonly listeners: number;
  /** Published, whether or not anybody listened. */
  readonly messages: number;
  /** Listeners that were let go because they did not read. */
  readonly slow: number;
}

export class Hub {
  readonly #listenersOf = new Map<string, Set<Listener>>();
  readonly #topicsOf = new Map<Listener, Set<string>>();

  #messages = 0;
  #slow = 0;

  get stats(): RealtimeStats {
    return { listeners: this.#topicsOf.size, messages: this.#messages, slow: this.#slow };
  }

  /** Throws `server_overloaded`. To be asked before a listener is made. */
  checkRoom(): void {
    const count = this.#topicsOf.size;
    const limit = LIMITS.realtimeListenersMax;
    if (count >= limit) throw new StepwellError("server_overloaded", { count, limit });
  }

  /** Adds topics; false when they would be too many, and then none is added. */
  listen(listener: Listener, topics: readonly Topic[]): boolean {
    const known = this.#topicsOf.get(listener) ?? new Set<string>();
    const added = new Set(topics.map(keyOf).filter((key) => !known.has(key)));
    if (known.size + added.size > LIMITS.realtimeTopicsMax) return false; // HB3
    this.#topicsOf.set(listener, known);
    for (const key of added) {
      known.add(key);
      const listeners = this.#listenersOf.get(key);
      if (listeners === undefined) this.#listenersOf.set(key, new Set([listener]));
      else listeners.add(listener);
    }
    return true;
  }

  unlisten(listener: Listener, topics: readonly Topic[]): void {
    const known = this.#topicsOf.get(listener);
    for (const key of topics.map(keyOf)) if (known?.delete(key) === true) this.#forget(listener, key);
  }

  leave(listener: Listener): void {
    for (const key of this.#topicsOf.get(listener) ?? []) this.#forget(listener, key);
    this.#topicsOf.delete(listener);
  }

  publish(message: Message): void {
    this.#messages += 1;
    const listeners = this.#listenersOf.get(keyOf(message));
    if (listeners === undefined) return;
    const text = Buffer.from(messageText(message)); // HB2
    for (const listener of [...listeners]) if (!listener.send(text)) this.#slow += 1;
  }

  close(): void {
    for (const listener of [...this.#topicsOf.keys()]) listener.close();
  }

  #forget(listener: Listener, key: string): void {
    const listeners = this.#listenersOf.get(key);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listenersOf.delete(key);
  }
}

/** The payload goes in as it came: numbers that JavaScript would round stay what they are. */
function messageText(message: Message): string {
  const { kind, channel, topic, createdAt, runId, streamId, metadataJson, dataJson } = message;
  const facts = {
    kind,
    channel,
    topic,
    created_at: createdAt,
    ...(runId === null ? {} : { run_id: runId }),
    ...(streamId === null ? {} : { stream_id: streamId }),
  };
  const metadata = metadataJson === null ? "" : `,"metadata":${metadataJson}`;
  return `${JSON.stringify(facts).slice(0, -1)}${metadata},"data":${dataJson}}`;
}
