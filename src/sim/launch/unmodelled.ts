import { Fault } from '../operation.ts';

/**
 * Refuses members that the simulator does not model, by name: what is not honoured is never ignored in silence.
 * The kernel does this for top-level parameters; this is for what stands inside them.
 */
export function onlyMembers(action: string, path: string, value: object | undefined, known: readonly string[]): void {
  for (const name in value) {
    if ((value as Readonly<Record<string, unknown>>)[name] === undefined || known.includes(name)) continue;
    throw new Fault('UnsupportedOperation', `amiport sim does not model ${path}.${name} of ${action}`);
  }
}

/** Refuses every value but the one that asks for what the simulator does anyway. */
export function onlyValue<T>(action: string, name: string, value: T | undefined, modelled: T): void {
  if (value !== undefined && value !== modelled) throw notModelled(action, `${name} ${String(value)}`);
}

/** The refusal for a value of a modelled member that is not modelled. */
export const notModelled = (action: string, what: string): Fault =>
  new Fault('UnsupportedOperation', `amiport sim does not model ${what} of ${action}`);
