/** The thread of the lists: a read-only connection of its own, opened by the first call. */
import { workerData } from "node:worker_threads";
import { createReader, type ReaderOptions } from "./reader.ts";
import { serveThread } from "./thread.ts";

const options = workerData as ReaderOptions;
serveThread(createReader(options), options.path);
