/** @file The command line: finds the command, prints help, and turns errors into three lines and an exit code. */
import { parseArgs } from "node:util";
import { version } from "../../package.json";
import { IsoflopError } from "../errors";
import { suggest } from "../session/suggest";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, readArguments, UsageError, type CommandEntry } from "./command";
import { COMMANDS } from "./table";

/** Runs `isoflop` with the arguments after its name. Returns the exit code; never rejects for what a user can cause. */
export async function main(args: readonly string[], commands: readonly CommandEntry[] = COMMANDS): Promise<number> {
  try {
    return await dispatch(args, commands);
  } catch (error) {
    if (!(error instanceof IsoflopError)) throw error;
    process.stderr.write(`${error.name}: ${error.message}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

async function dispatch(args: readonly string[], commands: readonly CommandEntry[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first.startsWith("-") || first === "help") return general(first === "help" ? ["--help"] : args, commands);
  const entry = commands.find(({ name }) => name === first);
  if (entry === undefined) {
    const near = suggest(first, commands.map(({ name }) => name));
    throw new UsageError(`there is no command \`${first}\``, { help: near === undefined ? `the commands are ${commands.map(({ name }) => name).join(", ")}; see isoflop --help` : `did you mean \`isoflop ${near}\`?` });
  }
  const command = await entry.load();
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`${command.help}\n`);
    return EXIT_OK;
  }
  return command.run(rest);
}

function general(args: readonly string[], commands: readonly CommandEntry[]): number {
  const { values } = parse(args);
  if (values.version === true) {
    process.stdout.write(`isoflop ${version}\n`);
    return EXIT_OK;
  }
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`).join("\n");
  const help = `IsoFLOP: TypeScript notebooks for research on efficient training\n\nusage: isoflop <command> [options]\n\n${list}\n\n  isoflop <command> --help   options of a command\n  isoflop --version\n`;
  if (values.help === true) process.stdout.write(help);
  else process.stderr.write(help);
  return values.help === true ? EXIT_OK : EXIT_USAGE;
}

function parse(args: readonly string[]): { readonly values: { readonly help?: boolean; readonly version?: boolean } } {
  return readArguments("", () => parseArgs({ args: [...args], options: { help: { type: "boolean", short: "h" }, version: { type: "boolean", short: "v" } } }));
}
