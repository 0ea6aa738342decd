/** The thread of the writing connection. */
import { workerData } from "node:worker_threads";
import { serveThread } from "./thread.ts";
import { createWriter, type WriterOptions } from "./writer.ts";

const options = workerData as WriterOptions;
serveThread(createWriter(options), options.path);
