/** Loaded into a server's process, this moves its clock forward by the milliseconds in its own address (`?ms=…`). */
const shiftMs = Number(new URL(import.meta.url).searchParams.get("ms"));
const now = Date.now;
Date.now = () => now() + shiftMs;
