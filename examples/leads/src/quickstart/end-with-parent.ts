/**
 * Loaded into the server's process before anything else: when the program that started it is gone, however it went,
 * the server ends too and lets go of its data.
 */
const GRACE_MS = 5_000;

if (process.channel !== undefined) {
  process.on("disconnect", () => {
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.kill(process.pid, "SIGKILL"), GRACE_MS).unref();
  });
  process.channel.unref(); // After the listener, which would keep the process alive.
}
