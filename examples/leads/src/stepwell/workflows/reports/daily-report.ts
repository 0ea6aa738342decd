/** A report at nine every morning. */
import { client } from "../../client.ts";
import { generateReport } from "./functions/generate-report.ts";
import { sendReportEmail } from "./functions/send-report-email.ts";

export const dailyReport = client.createFunction(
  { id: "scheduled/daily-report", triggers: { cron: "0 9 * * *" } }, // 9:00 every day, UTC
  async ({ event, step }) => {
    const report = await step.run("generate-report", generateReport, "daily");
    await step.run("send-report", sendReportEmail, report, event.id);
    return { status: "completed" };
  },
);
