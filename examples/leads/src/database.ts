/** Stands in for your database: what the API saves and the workflows look up. It is empty again after a restart. */
import { randomUUID } from "node:crypto";
import type { Lead } from "./stepwell/events.ts";

interface LeadRow extends Lead {
  readonly id: string;
}

const leads = new Map<string, LeadRow>();
const replies = new Map<string, string[]>();
const statuses = new Map<string, string>();

export function saveLead(lead: Lead): LeadRow {
  const row = { id: randomUUID(), ...lead };
  leads.set(row.id, row);
  return row;
}

export function findLead(leadId: string): LeadRow | null {
  return leads.get(leadId) ?? null;
}

export function saveStatus(leadId: string, status: string): void {
  statuses.set(leadId, status);
}

export function findStatus(leadId: string): string {
  return statuses.get(leadId) ?? "new";
}

export function saveReply(leadId: string, text: string): void {
  replies.set(leadId, [...(replies.get(leadId) ?? []), text]);
}

export function countReplies(leadId: string): number {
  return replies.get(leadId)?.length ?? 0;
}
