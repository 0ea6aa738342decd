import { post } from "../../../../services/post.ts";

export interface Report {
  readonly title: string;
  readonly lines: readonly string[];
}

export function generateReport(kind: string): Promise<Report> {
  return post<Report>("/create-report", { kind });
}
