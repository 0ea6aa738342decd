/** The commands that say why: `stepwell explain` and `stepwell doctor`. */
import { type Adding, clientOptions, examples, subcommand } from "./command-parts.ts";

export function addExplain({ program, terminal, env, ended }: Adding): void {
  const command = subcommand(program, "explain", "say why a run stands still, or what an event did and did not start")
    .argument("<run|event|function>", "id of a run or an event, or a function's slug")
    .addHelpText(
      "after",
      examples("stepwell explain 01JXYZ…", "stepwell explain shop-charge", "stepwell explain 01JXYZ… --json"),
    );
  clientOptions(command).action(async (ref, options) => {
    const { explain } = await import("./explain.ts");
    ended(await explain(ref, options, terminal, env));
  });
}
