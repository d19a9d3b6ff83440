import { Fault } from '../operation.ts';

/** A parameter without which EC2 does not even look at the request. */
export function required<T>(value: T | undefined | '', name: string): T {
  if (value === undefined || value === '') {
    throw new Fault('MissingParameter', `The request must contain the parameter ${name}`);
  }
  return value;
}
