/** Waiting for something that another process does. */
export async function until<Value>(what: string, read: () => Value | Promise<Value>, waitMs = 20_000): Promise<Value> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const value = await read();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
