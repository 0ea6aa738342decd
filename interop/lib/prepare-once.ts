/** Before all tests, because two files that begin beside each other would make the same virtual environment. */
import { preparePython } from "./python.ts";

export async function setup(): Promise<void> {
  await preparePython(); // What is missing is told by the tests that need it.
}
