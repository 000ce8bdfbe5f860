/** @file input(): asks the user for a line of text while a cell runs. */
import { ArgumentError } from "../errors";

export interface InputOptions {
  /** Does not show what is typed. Default false. */
  readonly password?: boolean;
}

export interface InputQuestion {
  readonly prompt: string;
  readonly password: boolean;
}

/** The answer to come; undefined where nobody can be asked. */
export type InputProvider = (question: InputQuestion) => Promise<string> | undefined;

let provider: InputProvider | undefined;

/** Who asks from now on; returns who did before. */
export function setInputProvider(next: InputProvider | undefined): InputProvider | undefined {
  const before = provider;
  provider = next;
  return before;
}

/**
 * The line that the user types in answer to `prompt`. An interrupt of the cell ends the wait.
 * @throws {ArgumentError} where nobody can be asked: `isoflop run`, and front ends without input.
 */
export async function input(prompt = "", { password = false }: InputOptions = {}): Promise<string> {
  const answer = provider?.({ prompt: String(prompt), password });
  if (answer === undefined) throw new ArgumentError(`input(${JSON.stringify(String(prompt).slice(0, 60))}) has nobody to ask`, { help: "run the notebook in an editor, or give the value as a variable: isoflop run --set name=value" });
  return answer;
}
