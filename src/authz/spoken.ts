/** Which statements of a set of policies speak of an action; worked out once for each action that is asked about. */
import { type CompiledPolicy, matchesAction } from './statements.ts';

export class Spoken {
  readonly #policies: readonly CompiledPolicy[];
  /** Made when first asked: few policies are. */
  #numbers: Map<string, number> | undefined;
  readonly #signatures: string[] = [];

  constructor(policies: readonly CompiledPolicy[]) {
    this.#policies = policies;
  }

  /** @param action lower case @returns the same number for actions of which the very same statements speak */
  of(action: string): number {
    this.#numbers ??= new Map();
    const there = this.#numbers.get(action);
    if (there !== undefined) return there;
    let signature = '';
    for (const { statements } of this.#policies)
      for (const statement of statements) signature += matchesAction(statement, action) ? '1' : '0';
    let number = this.#signatures.indexOf(signature);
    if (number < 0) number = this.#signatures.push(signature) - 1;
    this.#numbers.set(action, number);
    return number;
  }
}
