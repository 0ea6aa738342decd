/** The function registry: what this app serves. */
import { appointmentWorkflow } from "./workflows/appointment/workflow.ts";
import { awaitReplyWorkflow } from "./workflows/await-reply/workflow.ts";
import { dripCampaign } from "./workflows/drip-campaign/workflow.ts";
import { externalCallWorkflow } from "./workflows/external-call/workflow.ts";
import { followUpWorkflow } from "./workflows/follow-up/workflow.ts";
import { initialWorkflow } from "./workflows/initial/workflow.ts";
import { leadWorkflow } from "./workflows/lead/workflow.ts";
import { notificationWorkflow } from "./workflows/notification/workflow.ts";
import { handleOrderUpdate } from "./workflows/orders/handle-update.ts";
import { processOrder } from "./workflows/orders/process-order.ts";
import { processReplyWorkflow, receiveReplyWorkflow } from "./workflows/process-reply/workflow.ts";
import { dailyReport } from "./workflows/reports/daily-report.ts";
import { monthlyReport, refreshStock, weeklyReport } from "./workflows/reports/schedules.ts";
import { userActionWorkflow } from "./workflows/user-action/workflow.ts";

export const functions = [
  leadWorkflow,
  initialWorkflow,
  awaitReplyWorkflow,
  followUpWorkflow,
  receiveReplyWorkflow,
  processReplyWorkflow,
  appointmentWorkflow,
  notificationWorkflow,
  externalCallWorkflow,
  userActionWorkflow,
  processOrder,
  handleOrderUpdate,
  dailyReport,
  weeklyReport,
  monthlyReport,
  refreshStock,
  dripCampaign,
];
