import { Fault } from '../operation.ts';
import type { Protocol } from './services.ts';

/** What was wrong with an input, before any operation saw it. */
export type InputProblem =
  | { readonly is: 'malformed'; readonly says: string }
  | { readonly is: 'wrong-type'; readonly path: string; readonly wanted: string; readonly got: string }
  | { readonly is: 'unknown'; readonly path: string; readonly action: string }
  | { readonly is: 'missing'; readonly path: string };

/** Deeper input than any shape of AWS has is refused before it can exhaust the stack. */
export const DEPTH_MAX = 40;

/**
 * The refusal of a bad input, in the words of the protocol's services.
 * Sources: EC2 API Reference "Error codes" (MissingParameter, UnknownParameter, InvalidParameterValue);
 * "Common Error Types" of the query services; SerializationException of the JSON protocols.
 * Differs from AWS: JSON and query services ignore unknown parameters in silence; here they are refused by name.
 */
export function inputFault(protocol: Protocol, problem: InputProblem): Fault {
  const ec2 = protocol === 'ec2Query';
  const query = protocol === 'awsQuery';
  switch (problem.is) {
    case 'malformed':
      return new Fault(ec2 || query ? 'MalformedQueryString' : 'SerializationException', problem.says, 400);
    case 'wrong-type': {
      if (ec2) {
        const says = `Value (${problem.got}) for parameter ${problem.path} is invalid. It must be a ${problem.wanted}.`;
        return new Fault('InvalidParameterValue', says, 400);
      }
      if (query) return new Fault('MalformedInput', `${problem.path}: ${problem.got} is not a ${problem.wanted}`, 400);
      return new Fault('SerializationException', `${problem.path}: ${problem.got} is not a ${problem.wanted}`, 400);
    }
    case 'unknown': {
      if (ec2) return new Fault('UnknownParameter', `The parameter ${problem.path} is not recognized`, 400);
      const says = `amiport sim: ${problem.path} is no parameter of ${problem.action}`;
      return new Fault(query ? 'ValidationError' : 'ValidationException', says, 400);
    }
    case 'missing': {
      if (ec2) {
        return new Fault('MissingParameter', `The request must contain the parameter ${problem.path}`, 400);
      }
      const at = `${problem.path.charAt(0).toLowerCase()}${problem.path.slice(1)}`;
      const says = `1 validation error detected: Value null at '${at}' failed to satisfy constraint: Member must not be null`;
      return new Fault(query ? 'ValidationError' : 'ValidationException', says, 400);
    }
    default:
      return problem satisfies never;
  }
}
