/** A process that opens a store and commits runs as fast as it can; it prints every number that was acknowledged. */
import { SqliteStore } from "../../src/store/sqlite.ts";
import { addJob, addStep, addWait, commit, makeMessage, makeRun, putRun } from "../conformance/batches.ts";

const store = new SqliteStore({ path: process.argv[2]!, synchronous: "normal" });
await store.open();
console.log("open");
for (let number = Number(process.argv[3]); ; number++) {
  const run = makeRun(number);
  const isLarge = number % 30 === 0;
  addStep(run, "s1", { memo: JSON.stringify("x".repeat(isLarge ? 70_000 + number : number % 5_000)) });
  addJob(run);
  addWait(run, "s1");
  const done = commit(store, (batch) => {
    putRun(batch, run);
    batch.messages.add(makeMessage(number));
  });
  done.then(
    () => console.log(number),
    (error: unknown) => console.log(String(error)),
  );
  if (number % 20 === 0) await store.loadRegistry().then(() => new Promise((resolve) => setTimeout(resolve, 1)));
}
