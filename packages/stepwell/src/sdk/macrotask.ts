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
  // Looked up per call: tests and runtimes may replace it.
  if (typeof host.setImmediate === "function") return () => new Promise((resolve) => host.setImmediate!(resolve));
  if (typeof MessageChannel === "function") return throughChannel();
  return () => new Promise((resolve) => setTimeout(resolve, 0));
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
