/** More schedules. Times are UTC unless the trigger names a time zone. */
import { post } from "../../../services/post.ts";
import { client } from "../../client.ts";
import { generateReport } from "./functions/generate-report.ts";
import { sendReportEmail } from "./functions/send-report-email.ts";

export const weeklyReport = client.createFunction(
  { id: "scheduled/weekly-report", triggers: { cron: "0 0 * * 0" } }, // midnight on Sundays
  async ({ event, step }) => {
    const report = await step.run("generate-report", generateReport, "weekly");
    await step.run("send-report", sendReportEmail, report, event.id);
  },
);

export const monthlyReport = client.createFunction(
  // The first day of each month, as people in Rome count it.
  { id: "scheduled/monthly-report", triggers: { cron: "0 0 1 * *", timezone: "Europe/Rome" } },
  async ({ event, step }) => {
    const report = await step.run("generate-report", generateReport, "monthly");
    await step.run("send-report", sendReportEmail, report, event.id);
  },
);

export const refreshStock = client.createFunction(
  // Every 15 minutes, but never beside a run that is not done; ticks missed while nobody ran are not made up for.
  { id: "scheduled/refresh-stock", triggers: { cron: "*/15 * * * *", overlap: "skip", misfire: "skip" } },
  async ({ step }) => {
    await step.run("refresh-stock", () => post<object>("/stock/refresh", {}));
  },
);
