/**
 * One connection to an app's origin, plain or encrypted, that carries one request at a time. Bytes that come are read into one
 * buffer for all connections, so that a thousand of them cost no memory of their own.
 *
 *   CO1. Its rider is told how it ends exactly once: by `closed`, unless the rider got off before.
 *   CO2. What comes while nobody rides is nobody's answer: the connection is closed.
 *   CO3. A rider whose time is over is told by `late`. One timer serves all riders of a connection, one after the other: it is
 *        not set anew for each, but looks whether whoever rides by then has time left.
 */
import { connect as connectPlain, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, connect as connectEncrypted } from "node:tls";
import { connectionClosed, HttpFailure } from "./http-failure.ts";

/** Where to, and how. */
export interface ConnectionTarget {
  readonly origin: URL;
  readonly lookup: LookupFunction;
  readonly connectMsMax: number;
  /** Of the last encrypted connection: the next one begins where it left off. */
  session: Buffer | null;
}

/** Who is on a connection. */
export interface Rider {
  /** How long it waits for its answer, from when its request is sent. */
  readonly timeoutMs: number;
  /** The request, head and body; asked for once, to be sent. */
  takeMessage(): string | Buffer;
  /** No answer came in time. */
  late(): void;
  /** Bytes of the answer; they are the connection's again afterwards. */
  data(bytes: Buffer): void;
  /** The other side sends no more. */
  ended(): void;
  closed(error: Error): void;
}

/** Long calls stay open behind routers that forget silent connections. */
const KEEP_ALIVE_PROBE_MS = 60_000;
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

export class Connection {
  readonly #socket: Socket;
  readonly #whenGone: (connection: Connection) => void;
  #rider: Rider | null = null;
  #isOpen = false;
  #isGone = false;
  #error: Error | null = null;
  #connectTimer: NodeJS.Timeout | undefined;
  /** When the rider's time is over, and when the timer looks, in ms of the process (CO3). */
  #dueAt = 0;
  #looksAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** How many answers it has brought. */
  answers = 0;
  /** Until when it may rest, in ms of the process (`performance.now`). */
  restsUntil = 0;

  constructor(target: ConnectionTarget, whenGone: (connection: Connection) => void) {
    this.#whenGone = whenGone;
    this.#socket = this.#connect(target);
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("end", () => (this.#rider === null ? this.close() : this.#rider.ended()));
    this.#socket.on("close", () => this.#closed());
    this.#connectTimer = setTimeout(() => {
      this.close(new HttpFailure("unreachable", "connecting timed out", { isUnreached: true }));
    }, target.connectMsMax);
  }

  /** Carries a request. One that comes before the connection is made is sent when it is. */
  carry(rider: Rider): void {
    this.#rider = rider;
    if (this.#isOpen) this.#send(rider);
  }

  /** A part of the request has not left yet. */
  get isSending(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** The rider has its answer. */
  leave(): void {
    this.#rider = null;
    this.answers++;
  }

  /** Breaks the connection off; whoever rides is told why. */
  close(error: Error = connectionClosed()): void {
    this.#error ??= error;
    this.#socket.destroy();
    this.#closed();
  }

  #connect(target: ConnectionTarget): Socket {
    const { origin, lookup, session } = target;
    const host = origin.hostname.replace(/^\[|\]$/g, "");
    const isEncrypted = origin.protocol === "https:";
    const port = origin.port === "" ? (isEncrypted ? 443 : 80) : Number(origin.port);
    const onread = { buffer: SHARED, callback: (count: number) => this.#read(count) };
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS };
    const options: TcpNetConnectOpts = { host, port, lookup, onread, noDelay: true, ...keepAlive };
    if (!isEncrypted) return connectPlain(options).once("connect", () => this.#opened());
    const encryption: ConnectionOptions & TcpNetConnectOpts = {
      ...options,
      ALPNProtocols: ["http/1.1"],
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(session === null ? {} : { session }),
    };
    const socket = connectEncrypted(encryption).once("secureConnect", () => this.#opened());
    socket.on("session", (latest: Buffer) => {
      target.session = latest;
    });
    return socket;
  }

  #opened(): void {
    clearTimeout(this.#connectTimer);
    this.#isOpen = true;
    if (this.#rider !== null) this.#send(this.#rider);
  }

  #send(rider: Rider): void {
    this.#socket.write(rider.takeMessage());
    this.#dueAt = performance.now() + rider.timeoutMs;
    if (this.#dueAt < this.#looksAt) this.#lookAt(this.#dueAt);
  }

  /** CO3. */
  #lookAt(at: number): void {
    clearTimeout(this.#timer);
    this.#looksAt = at;
    this.#timer = setTimeout(
      () => {
        this.#looksAt = Number.POSITIVE_INFINITY;
        if (this.#rider === null) return;
        if (performance.now() < this.#dueAt) this.#lookAt(this.#dueAt);
        else this.#rider.late();
      },
      Math.ceil(at - performance.now()),
    ).unref();
  }

  #read(count: number): true {
    if (this.#rider === null)
      this.close(); // CO2
    else this.#rider.data(SHARED.subarray(0, count));
    return true;
  }

  #closed(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#timer);
    const rider = this.#rider;
    this.#rider = null;
    rider?.closed(this.#error ?? connectionClosed()); // CO1
    this.#whenGone(this);
  }
}
