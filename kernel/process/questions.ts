/** @file Questions of cells to the user: asked of the client that ran the cell, and of whoever comes after it. */
import { makeMessage } from "../protocol/envelope";
import type { Header, InputRequest, JupyterMessage } from "../protocol/jupyter";
import type { ClientId } from "../protocol/transport";

export interface QuestionsOptions {
  readonly session: string;
  readonly send: (message: JupyterMessage, client: ClientId) => void;
  readonly answer: (question: number, value: string) => void;
}

export interface Question extends InputRequest {
  readonly question: number;
  /** Of the request to execute. */
  readonly parent: Header;
  readonly client: ClientId;
}

/** Jupyter asks one question at a time; further ones wait. */
export class Questions {
  private waiting: Question[] = [];
  private asked: JupyterMessage | undefined;

  constructor(private readonly options: QuestionsOptions) {}

  ask(question: Question): void {
    this.waiting.push(question);
    if (this.waiting.length === 1) this.send(question.client);
  }

  /** A client has come: the one that was asked may be gone. */
  askAgain(client: ClientId): void {
    if (this.waiting.length > 0) this.send(client);
  }

  /** Takes an `input_reply`. One that nobody waits for is passed over. */
  reply({ content }: JupyterMessage): void {
    const [question] = this.waiting;
    if (question === undefined) return;
    this.waiting.shift();
    this.options.answer(question.question, typeof content.value === "string" ? content.value : "");
    const [next] = this.waiting;
    this.asked = undefined;
    if (next !== undefined) this.send(next.client);
  }

  /** The cell has ended. */
  drop(): void {
    this.waiting = [];
    this.asked = undefined;
  }

  private send(client: ClientId): void {
    const [{ prompt, password, parent }] = this.waiting;
    // The same question keeps its number when it is asked again.
    this.asked ??= makeMessage({ type: "input_request", content: { prompt, password } satisfies InputRequest, parent, session: this.options.session });
    this.options.send(this.asked, client);
  }
}
