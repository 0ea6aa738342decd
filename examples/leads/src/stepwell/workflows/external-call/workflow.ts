/** A call to a service that is often down: five retries instead of the usual three. */
import { post } from "../../../services/post.ts";
import { client } from "../../client.ts";
import { callExternal } from "../../events.ts";

export const externalCallWorkflow = client.createFunction(
  { id: "api/external-call", triggers: callExternal, retries: 5 },
  async ({ event, step }) => {
    const answer = await step.run("call-external", callExternalApi, event.data.request_id);
    return { status: "completed", ...answer };
  },
);

function callExternalApi(requestId: string): Promise<{ accepted: boolean }> {
  return post("/external", { request_id: requestId });
}
