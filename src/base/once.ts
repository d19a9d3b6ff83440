/** Promises by name, so that what several ask for at once is asked for once. */
export type Once<T> = Map<string, Promise<T>>;

export function once<T>(held: Once<T>, name: string, ask: () => Promise<T>): Promise<T> {
  const there = held.get(name);
  if (there !== undefined) return there;
  const asked = ask();
  held.set(name, asked);
  return asked;
}
