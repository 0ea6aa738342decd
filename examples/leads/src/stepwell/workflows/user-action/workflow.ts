/** Handles what users do, at most three actions of one user at a time. */
import { post } from "../../../services/post.ts";
import { client } from "../../client.ts";
import { userAction } from "../../events.ts";

export const userActionWorkflow = client.createFunction(
  { id: "api/user-action", triggers: userAction, concurrency: [{ limit: 3, key: "event.data.user_id" }] },
  async ({ event, step }) => {
    await step.run("handle-action", handleAction, event.data.user_id, event.data.action);
    return { status: "handled" };
  },
);

function handleAction(userId: string, action: string): Promise<{ accepted: boolean }> {
  return post("/external", { user_id: userId, action });
}
