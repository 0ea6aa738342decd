/**
 * `npm run docs:openapi`: writes docs/openapi.json, the description of the server's routes, from their table.
 *
 * Needs a Node that runs TypeScript sources; `npm run` brings it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run, say } from "./child.mjs";

const API = join(ROOT, "packages", "stepwell", "src", "server", "api");
const { ROUTES } = await import(join(API, "table.ts"));
const { openApi } = await import(join(API, "openapi.ts"));

const PAGE = join(ROOT, "docs", "openapi.json");
writeFileSync(PAGE, JSON.stringify(openApi(ROUTES)));
await run(join(ROOT, "node_modules", ".bin", "biome"), ["format", "--write", PAGE]);
say(`docs/openapi.json: ${ROUTES.length} routes`);
