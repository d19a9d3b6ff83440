/** What the simulator refuses by name: services, operations and parameters that it does not have. */
import { Fault, type Operation } from './operation.ts';
import type { PageBounds } from './page-bounds.ts';
import type { WireRequest, WireResponse } from './wire/message.ts';
import { encodeFault } from './wire/protocol.ts';
import type { Protocol, Service } from './wire/services.ts';
import type { SignatureRead } from './wire/sigv4.ts';

export function noService(read: SignatureRead): Fault {
  if (read.is === 'signed') {
    return new Fault('UnsupportedOperation', `amiport sim does not simulate the service ${read.signed.service}`, 400);
  }
  if (read.is === 'incomplete') return new Fault('IncompleteSignature', read.says, 400);
  return new Fault('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
}

/** The few services that speak REST in XML; what else is no form and has no target is REST in JSON. */
const REST_XML: ReadonlySet<string> = new Set(['s3', 's3-outposts', 's3-object-lambda', 'route53', 'cloudfront']);

/** @param service as signed, if it was */
export function guessProtocol(request: WireRequest, service?: string): Protocol {
  const type = request.headers['content-type'] ?? '';
  if (request.headers['x-amz-target'] !== undefined) return 'awsJson1_1';
  if (type.includes('json')) return 'restJson1';
  const isForm = type.includes('x-www-form-urlencoded') || request.query.includes('Action=');
  return service === undefined || isForm || REST_XML.has(service) ? 'awsQuery' : 'restJson1';
}

export function unimplemented(service: Service, action: string): Fault {
  const json = service.protocol === 'awsJson1_1' || service.protocol === 'restJson1';
  const says = `amiport sim does not implement ${service.name}.${action}`;
  return new Fault(json ? 'UnsupportedOperationException' : 'UnsupportedOperation', says, 400);
}

/** What is not modelled is refused by name, never ignored in silence. */
export function refuseUnmodelled(operation: Operation, service: Service, input: object): void {
  for (const name in input) {
    if ((input as Readonly<Record<string, unknown>>)[name] === undefined || operation.accepts.has(name)) continue;
    if (name === 'DryRun' && service.name === 'ec2') continue;
    const action = operation.name.slice(operation.name.indexOf('.') + 1);
    const json = service.protocol === 'awsJson1_1' || service.protocol === 'restJson1';
    const says = `amiport sim does not model ${name} of ${action}`;
    throw new Fault(json ? 'UnsupportedOperationException' : 'UnsupportedOperation', says, 400);
  }
  if (operation.page) refusePageSize(operation.page, operation.name, service, input);
}

function refusePageSize(bounds: PageBounds, name: string, service: Service, input: object): void {
  const asked = (input as Readonly<Record<string, unknown>>)[bounds.member];
  const { least, most = Number.POSITIVE_INFINITY } = bounds;
  if (typeof asked !== 'number' || (asked >= least && asked <= most)) return;
  throw pageSizeFault(bounds, name, service, asked);
}

/** Each service has words and a code of its own for the same mistake. */
function pageSizeFault({ member, least, most }: PageBounds, name: string, service: Service, asked: number): Fault {
  const isFew = asked < least;
  const between = `${member} must be between ${least} and ${most}.`;
  switch (service.name) {
    case 'ec2': {
      // As seen in aws/aws-cli#3397.
      const ofTemplates = `Maximum results allowed are between ${least} and ${most}`;
      const expects = isFew ? `greater than ${least}` : `less than or equal to ${most}`;
      const says = `Value ( ${asked} ) for parameter maxResults is invalid. Expecting a value ${expects}.`;
      return new Fault('InvalidParameterValue', name.includes('LaunchTemplate') ? ofTemplates : says);
    }
    case 'organizations': {
      const says = `You specified an invalid value. ${member} must be from ${least} to ${most}.`;
      return new Fault('InvalidInputException', says);
    }
    case 'cloudtrail':
      return new Fault('InvalidMaxResultsException', `Max results must be between ${least} and ${most}.`);
    case 'servicequotas':
      return new Fault('IllegalArgumentException', between);
    case 'ebs':
      return new Fault('ValidationException', between, undefined, { Reason: 'INVALID_PARAMETER_VALUE' });
    default: {
      const at = `${member.charAt(0).toLowerCase()}${member.slice(1)}`;
      const bound = isFew ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
      const says = `Value '${asked}' at '${at}' failed to satisfy constraint: Member must have value ${bound}`;
      const code = service.protocol === 'awsQuery' ? 'ValidationError' : 'ValidationException';
      return new Fault(code, `1 validation error detected: ${says}`, 400);
    }
  }
}

/** A body that nobody reads to its end, refused in the form of the protocol that its headers speak. */
export function tooLarge(head: WireRequest): WireResponse {
  const protocol = guessProtocol(head);
  const json = protocol === 'awsJson1_1' || protocol === 'restJson1';
  const code = json ? 'RequestEntityTooLargeException' : 'RequestEntityTooLarge';
  return encodeFault(protocol, new Fault(code, 'The request body is too large.', 413), 'not-read');
}
