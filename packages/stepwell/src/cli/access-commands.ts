/** The commands about who may use a server. */
import { type Command, Option } from "commander";
import type { ClientOptions } from "./api.ts";
import { type Adding, clientOptions, examples, subcommand } from "./command-parts.ts";
import type { ExitCode } from "./exit-code.ts";
import { count, duration } from "./option-values.ts";

const SCOPES = ["read", "operate", "admin"] as const;

type Module = typeof import("./access.ts");
type Work = import("./access.ts").Work;

export function addAccess(adding: Adding): void {
  addUsers(adding);
  addTokens(adding);
  addKeys(adding);
  addAudit(adding);
}

/** Loads what the command does when it is called. */
function runner({ terminal, env, ended }: Adding) {
  return async (options: ClientOptions, work: (module: Module, work: Work) => Promise<ExitCode>) =>
    ended(await work(await import("./access.ts"), { options, terminal, env }));
}

function scopeOption(): Option {
  return new Option("--scope <scope>", "what may be done; each includes those before it").choices(SCOPES);
}

/** With the options of every command that asks a server, and an example. */
function asking(command: Command, example: string): Command {
  return clientOptions(command).addHelpText("after", examples(`stepwell ${example}`));
}

function addUsers(adding: Adding): void {
  const run = runner(adding);
  const users = subcommand(adding.program, "users", "list, make and change who may log in").addHelpText(
    "after",
    examples("stepwell users", "stepwell users create ada --scope admin", "stepwell users link ada"),
  );
  asking(subcommand(users, "list", "list the users", true), "users").action((options) =>
    run(options, (module, work) => module.listUsers(work)),
  );
  const created = subcommand(users, "create", "make a user; prints a link to choose the password")
    .argument("<name>", "by which the user logs in")
    .addOption(scopeOption().default("read"))
    .option("--password-stdin", "read the password from the standard input instead", false);
  asking(created, "users create grace --scope operate").action((name, options) =>
    run(options, (module, work) => module.createUser(name, options, work)),
  );
  const scoped = subcommand(users, "scope", "change what a user may do")
    .argument("<user>", "name of the user")
    .argument("<scope>", SCOPES.join(", "));
  asking(scoped, "users scope grace admin").action((name, scope, options) =>
    run(options, (module, work) => module.scopeUser(name, scope, work)),
  );
  const onUser = (name: string, description: string) =>
    asking(subcommand(users, name, description).argument("<user>", "name of the user"), `users ${name} grace`);
  onUser("link", "print a link by which a user chooses a new password").action((name, options) =>
    run(options, (module, work) => module.linkUser(name, work)),
  );
  onUser("logout", "log a user out everywhere").action((name, options) =>
    run(options, (module, work) => module.logOutUser(name, work)),
  );
  onUser("delete", "delete a user").action((name, options) =>
    run(options, (module, work) => module.deleteUser(name, work)),
  );
}

function addTokens(adding: Adding): void {
  const run = runner(adding);
  const tokens = subcommand(adding.program, "tokens", "list, make and revoke API tokens").addHelpText(
    "after",
    examples("stepwell tokens", "export STEPWELL_API_TOKEN=$(stepwell tokens create ci --scope operate)"),
  );
  asking(subcommand(tokens, "list", "list the API tokens", true), "tokens").action((options) =>
    run(options, (module, work) => module.listTokens(work)),
  );
  const created = subcommand(tokens, "create", "make an API token; it is printed this once")
    .argument("<name>", "what it is for")
    .addOption(scopeOption().makeOptionMandatory())
    .option("--expires-in <duration>", "for so long only: 30d", duration);
  asking(created, "tokens create ci --scope operate --expires-in 90d").action((name, options) =>
    run(options, (module, work) => module.createToken(name, options, work)),
  );
  const revoked = subcommand(tokens, "revoke", "revoke an API token").argument("<token>", "its id");
  asking(revoked, "tokens revoke 01JXYZ…").action((id, options) =>
    run(options, (module, work) => module.revokeToken(id, work)),
  );
}

function addKeys(adding: Adding): void {
  const run = runner(adding);
  const keys = subcommand(adding.program, "keys", "list keys; make, rotate and revoke event keys").addHelpText(
    "after",
    examples("stepwell keys", "stepwell keys create web-shop", "stepwell keys rotate 01JXYZ… --grace 2h"),
  );
  asking(subcommand(keys, "list", "list event keys and signing keys", true), "keys").action((options) =>
    run(options, (module, work) => module.listKeys(work)),
  );
  const created = subcommand(keys, "create", "make an event key; it is printed this once");
  asking(created.argument("<name>", "what it is for"), "keys create web-shop").action((name, options) =>
    run(options, (module, work) => module.createKey(name, work)),
  );
  const rotated = subcommand(keys, "rotate", "make another event key in place of one")
    .argument("<key>", "its id")
    .option("--grace <duration>", "how long the old one holds yet; a day when left out", duration);
  asking(rotated, "keys rotate 01JXYZ… --grace 2h").action((id, options) =>
    run(options, (module, work) => module.rotateKey(id, options.grace, work)),
  );
  const revoked = subcommand(keys, "revoke", "revoke an event key").argument("<key>", "its id");
  asking(revoked, "keys revoke 01JXYZ…").action((id, options) =>
    run(options, (module, work) => module.revokeKey(id, work)),
  );
}

function addAudit(adding: Adding): void {
  const run = runner(adding);
  const command = subcommand(adding.program, "audit", "list who changed what, newest first")
    .option("--action <action>", "what was done: pauseFunction, createToken, …")
    .option("--actor <name>", "by this user or token")
    .option("--cursor <cursor>", "go on after the page that gave this cursor")
    .option("--limit <n>", "how many", count, 20);
  asking(command, "audit --actor ada").action((options) =>
    run(options, (module, work) => module.listAudit(options, work)),
  );
}
