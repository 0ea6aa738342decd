/** `/v1/doctor`: what is wrong with the store that this server works on. Reading only; mending needs the store for itself. */
import { z } from "zod";
import type { Store } from "../../store/store.ts";
import { checkLive } from "../doctor/live.ts";
import type { DoctorReport } from "../doctor/report.ts";
import { explainRecord } from "../explain-record.ts";
import { route } from "./route.ts";

const Report = z
  .object({
    is_healthy: z.boolean().meta({ description: "Nothing is damaged. Notes do not count." }),
    looked: z.record(z.string(), z.number().int()).meta({ description: "Rows that were looked at, by table." }),
    findings: z.array(
      z.object({
        code: z.string().meta({ description: "Stays the same; docs/explain.md lists them." }),
        title: z.string(),
        is_note: z.boolean(),
        count: z.number().int(),
        examples: z.array(z.string()),
        repairs: z.record(z.string(), z.number().int()).meta({ description: "What would mend them, by action." }),
      }),
    ),
  })
  .meta({ id: "DoctorReport" });

/** A check-up reads every table: who asks while one is under way gets its report. */
const underWay = new WeakMap<Store, Promise<DoctorReport>>();

export const DOCTOR_ROUTES = [
  route({
    method: "GET",
    path: "/v1/doctor",
    operationId: "checkStore",
    summary: "What is wrong with the store",
    description: "Reads every table, in pages; on a large store that takes a while. `stepwell doctor --fix` mends.",
    tag: "Server",
    scope: "read",
    family: "v1",
    replies: { 200: { description: "The findings, by kind.", schema: Report } },
    errors: ["server_stopping", "server_overloaded"],
    async handler(_input, { store, engine }) {
      let report = underWay.get(store);
      if (report === undefined) {
        report = checkLive({ store, look: engine.look.bind(engine) }).finally(() => underWay.delete(store));
        underWay.set(store, report);
      }
      return { data: explainRecord(await report) };
    },
  }),
];
