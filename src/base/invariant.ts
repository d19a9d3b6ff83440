/** What must hold whatever the input: a failure here is a bug in amiport, never bad input. */
class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function invariant(condition: unknown, says: string): asserts condition {
  if (!condition) throw new InvariantError(says);
}

/** For paths that run often: the words are made only when something is wrong. */
export function broken(says: string): never {
  throw new InvariantError(says);
}

/** Ends a `switch` over a union: the compiler refuses a case that was forgotten. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable case: ${JSON.stringify(value)}`);
}
