/** The e-mail service. The key makes a repeated call harmless: nobody gets the same e-mail twice. */
import { post } from "./post.ts";

export interface Email {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface SentEmail {
  readonly message_id: string;
}

export function deliverEmail(email: Email, idempotencyKey: string): Promise<SentEmail> {
  return post<SentEmail>("/emails", email, idempotencyKey);
}
