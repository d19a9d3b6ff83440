/**
 * One request or answer in the protocol of its service: what was asked, and the answer's or the error's bytes.
 */
import { isAscii } from 'node:buffer';
import { Fault } from '../operation.ts';
import { inputFault } from './decode-error.ts';
import { decodeJson, encodeJson, parseJson } from './json-codec.ts';
import type { WireRequest, WireResponse } from './message.ts';
import { decodeForm, parseForm } from './query-decode.ts';
import { decodeRest, encodeRest, routeOf } from './rest.ts';
import type { OperationSchema, ServiceSchema } from './schema.ts';
import type { Protocol, Service } from './services.ts';
import { escapeXml, xmlDocument, xmlMembers } from './xml-encode.ts';

export interface Asked {
  readonly operation: OperationSchema;
  readonly input: object;
}

/** @throws Fault when the action is unknown to the service or its input is not of the action's shape */
export function decodeRequest(schema: ServiceSchema, request: WireRequest): Asked {
  const { service } = schema;
  switch (service.protocol) {
    case 'ec2Query':
    case 'awsQuery': {
      const text = request.method === 'GET' ? request.query : textOf(request, service.protocol);
      const form = parseForm(text, service.protocol);
      if (form.action === undefined)
        throw new Fault('MissingAction', 'The request must contain the parameter Action', 400);
      const operation = schema.operations.get(form.action);
      if (!operation) throw unknownAction(service, form.action);
      return { operation, input: decodeForm(form, operation, service.protocol) };
    }
    case 'awsJson1_1': {
      const target = request.headers['x-amz-target'] ?? '';
      const action = target.slice(target.lastIndexOf('.') + 1);
      const operation = schema.operations.get(action);
      if (!operation) throw unknownAction(service, action);
      const json = parseJson(textOf(request, service.protocol), service.protocol);
      return { operation, input: decodeJson(operation.input, json, action, service.protocol) };
    }
    case 'restJson1': {
      const route = routeOf(schema, request);
      if (!route) throw unknownAction(service, `${request.method} ${request.path}`.slice(0, 200));
      return { operation: route.operation, input: decodeRest(route, request) };
    }
    default:
      return service.protocol satisfies never;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(request: WireRequest, protocol: Protocol): string {
  const { body } = request;
  if (isAscii(body)) {
    const bytes = body instanceof Buffer ? body : Buffer.from(body.buffer, body.byteOffset, body.length);
    return bytes.toString('latin1');
  }
  try {
    return strictUtf8.decode(request.body);
  } catch {
    throw inputFault(protocol, { is: 'malformed', says: 'The body is not valid UTF-8' });
  }
}

function unknownAction(service: Service, action: string): Fault {
  if (service.protocol === 'awsJson1_1' || service.protocol === 'restJson1') {
    return new Fault(
      'UnknownOperationException',
      `The requested operation is not recognized by the service: ${action}`,
      404,
    );
  }
  return new Fault('InvalidAction', `The action ${action} is not valid for this web service.`, 400);
}

/** @throws InvariantError when `output` is not of the operation's output shape: a bug of the operation */
export function encodeAnswer(
  schema: ServiceSchema,
  operation: OperationSchema,
  output: object,
  requestId: string,
): WireResponse {
  const { service } = schema;
  const { action } = operation;
  switch (service.protocol) {
    case 'ec2Query':
      return xml(
        200,
        xmlDocument(
          `${XML_HEAD}<${action}Response xmlns="${service.xmlns}"><requestId>${requestId}</requestId>`,
          operation.output,
          output,
          `</${action}Response>`,
        ),
        requestId,
      );
    case 'awsQuery': {
      const members = xmlMembers(operation.output, output);
      // An answer that has a shape has its element, be it empty: botocore looks for it.
      const result = operation.output.name === 'Unit' ? '' : `<${action}Result>${members}</${action}Result>`;
      return xml(
        200,
        `${XML_HEAD}<${action}Response xmlns="${service.xmlns}">${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`,
        requestId,
      );
    }
    case 'awsJson1_1': {
      const empty = operation.output.members().length === 0;
      return json(200, empty ? '' : JSON.stringify(encodeJson(operation.output, output, false)), requestId);
    }
    case 'restJson1': {
      const answer = encodeRest(operation, output);
      return { ...answer, headers: { ...answer.headers, 'x-amzn-requestid': requestId } };
    }
    default:
      return service.protocol satisfies never;
  }
}

const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

const xml = (status: number, body: WireResponse['body'], requestId: string): WireResponse => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
  body,
});

const json = (status: number, body: string, requestId: string): WireResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
  body,
});

/**
 * The refusal in the shape of the protocol. `schema` may be absent: then nothing is known of the error but its words.
 * Status: the Fault's, else the schema's, else 400.
 */
export function encodeFault(protocol: Protocol, fault: Fault, requestId: string, schema?: ServiceSchema): WireResponse {
  const modelled = schema?.errors.get(fault.code);
  const status = fault.status ?? modelled?.status ?? 400;
  const code = modelled?.code ?? fault.code;
  switch (protocol) {
    case 'ec2Query': {
      const error = `<Code>${escapeXml(fault.code)}</Code><Message>${escapeXml(fault.message)}</Message>`;
      return xml(
        status,
        `${XML_HEAD}<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`,
        requestId,
      );
    }
    case 'awsQuery': {
      const more = modelled ? xmlMembers(modelled.shape, fault.more) : '';
      const type = status < 500 ? 'Sender' : 'Receiver';
      const error = `<Type>${type}</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(fault.message)}</Message>${more}`;
      const xmlns = schema?.service.xmlns ? ` xmlns="${schema.service.xmlns}"` : '';
      return xml(
        status,
        `${XML_HEAD}<ErrorResponse${xmlns}><Error>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
        requestId,
      );
    }
    case 'awsJson1_1':
    case 'restJson1': {
      const name = modelled?.name ?? fault.code;
      const rest = protocol === 'restJson1';
      // Shapes write the member `message` or `Message`; clients read either.
      const message = modelled?.shape.byName().has('Message') ? 'Message' : 'message';
      const more = modelled ? encodeJson(modelled.shape, fault.more, rest) : {};
      const body = JSON.stringify({ ...(rest ? {} : { __type: name }), [message]: fault.message, ...more });
      const answer = json(status, body, requestId);
      return {
        ...answer,
        headers: {
          ...answer.headers,
          'x-amzn-errortype': name,
          ...(rest ? { 'content-type': 'application/json' } : {}),
        },
      };
    }
    default:
      return protocol satisfies never;
  }
}
