/** `/v1/openapi.json`: the table, described. */
import { openApi } from "./openapi.ts";
import { type Route, route } from "./route.ts";
import { anyObject } from "./schemas.ts";

export function openApiRoutes(routes: () => readonly Route[]): Route[] {
  let text: string | null = null;
  return [
    route({
      method: "GET",
      path: "/v1/openapi.json",
      operationId: "getOpenApi",
      summary: "This description",
      tag: "Server",
      scope: "public",
      family: "bare",
      replies: { 200: { description: "An OpenAPI 3.1 document.", schema: anyObject } },
      handler() {
        text ??= JSON.stringify(openApi(routes()));
        return new Response(text, { headers: { "content-type": "application/json" } });
      },
    }),
  ];
}
