/**
 * A turn of the host's event loop. When it ends, every promise that could settle without outside help has settled;
 * that is what makes replay deterministic.
 */
interface Host {
  readonly setImmediate?: (callback: () => void) => unknown;
}

/** Waits until all pending continuations have run. */
export const macrotask: () => Promise<void> = choose(globalThis as Host);

function choose(host: Host): () => Promise<void> {
  if (typeof host.setImmediate === "function") return throughImmediate(host);
  if (typeof MessageChannel === "function") return throughChannel();
  return () => new Promise((resolve) => setTimeout(resolve, 0));
}

/** Whoever waits for the same turn shares one promise and one callback of the host: under load there are hundreds. */
function throughImmediate(host: Host): () => Promise<void> {
  let turn: Promise<void> | null = null;
  let schedule: Host["setImmediate"];
  return () => {
    // Looked up per call: tests and runtimes may replace it.
    if (turn !== null && schedule === host.setImmediate) return turn;
    schedule = host.setImmediate;
    const own = new Promise<void>((resolve) => {
      schedule!(() => {
        if (turn === own) turn = null;
        resolve();
      });
    });
    turn = own;
    return own;
  };
}

function throughChannel(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
