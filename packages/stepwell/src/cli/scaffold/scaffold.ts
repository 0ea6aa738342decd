/** Every file of a new app, by path: what all share, and what its framework needs. */
import { VERSION } from "../../protocol/version.ts";
import type { Framework } from "../program.ts";
import { appFiles } from "./app-files.ts";
import { FRAMEWORK_FILES, type FrameworkFiles } from "./frameworks.ts";

export function scaffold(appId: string, framework: Framework): Readonly<Record<string, string>> {
  const own = FRAMEWORK_FILES[framework];
  return {
    "package.json": json(manifest(appId, own)),
    "tsconfig.json": json(framework === "next" ? TSCONFIG_NEXT : TSCONFIG),
    "README.md": readme(appId, own),
    ...appFiles(appId),
    ...own.files,
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function manifest(appId: string, own: FrameworkFiles) {
  return {
    name: appId,
    private: true,
    version: "0.0.0",
    type: "module",
    engines: { node: ">=22.18" },
    scripts: own.scripts,
    dependencies: sorted({ ...own.dependencies, stepwell: `^${VERSION}`, zod: "^4.6.7" }),
    devDependencies: sorted(own.devDependencies),
  };
}

const sorted = (record: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));

const STRICT = {
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  isolatedModules: true,
};

const TSCONFIG = {
  compilerOptions: {
    target: "ES2023",
    module: "NodeNext",
    moduleResolution: "NodeNext",
    types: ["node"],
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    ...STRICT,
  },
  include: ["src"],
};

const TSCONFIG_NEXT = {
  compilerOptions: {
    target: "ES2023",
    lib: ["dom", "dom.iterable", "esnext"],
    module: "esnext",
    moduleResolution: "bundler",
    allowJs: true,
    jsx: "react-jsx",
    resolveJsonModule: true,
    esModuleInterop: true,
    incremental: true,
    plugins: [{ name: "next" }],
    ...STRICT,
  },
  include: ["next-env.d.ts", "src", ".next/types/**/*.ts", ".next/dev/types/**/*.ts"],
  exclude: ["node_modules"],
};

/** How the first event is sent, after `npm run dev` and `npm run stepwell`. */
export const helloCommand = (framework: Framework): string => commandOf(FRAMEWORK_FILES[framework]);

const commandOf = (own: FrameworkFiles): string => `curl -X POST "http://localhost:3000${own.helloPath}"`;

function readme(appId: string, own: FrameworkFiles): string {
  return `# ${appId}

Durable functions with [Stepwell](https://www.npmjs.com/package/stepwell). In one terminal the app, in another the server that runs its functions:

\`\`\`sh
npm install
npm run dev        # this app, on port 3000
npm run stepwell   # the server, on port 8288: it finds the app, and its dashboard shows every run
\`\`\`

Start a run, either way:

\`\`\`sh
${commandOf(own)}
npx stepwell send hello/requested --data '{"name":"Ada"}'
npx stepwell runs
\`\`\`

Kill either process while the run sleeps and start it again: the run carries on where it was.

| Where | What |
|---|---|
| \`src/stepwell/client.ts\` | names the app; sends its events |
| \`src/stepwell/events.ts\` | the events, with their types |
| \`src/stepwell/functions.ts\` | every function that is served |
| \`src/stepwell/workflows/hello/workflow.ts\` | the first workflow: two steps and a sleep |
| \`src/stepwell/workflows/hello/functions/\` | what its steps do |
`;
}
