/** Names of images as a command is given them, held against the config. */
import { type Reason, reason } from '../base/outcome.ts';

export function noSuchImage(there: readonly string[], names: readonly string[]): Reason | undefined {
  const unknown = names.find((n) => !there.includes(n));
  return unknown === undefined
    ? undefined
    : reason('cli.image.unknown', unknown, `there is no image ${unknown} in the config, only ${there.join(', ')}`);
}
