import { deliverEmail, type SentEmail } from "../../../../services/email.ts";
import type { Report } from "./generate-report.ts";

/** `tickId` is the id of the tick that asked for the report: each tick sends one e-mail. */
export function sendReportEmail(report: Report, tickId: string): Promise<SentEmail> {
  return deliverEmail({ to: "team@example.com", subject: report.title, text: report.lines.join("\n") }, tickId);
}
