import { expect, test } from 'vitest';
import { artifactImage, isUiError, parsePackerLine, uiText } from './packer-output.ts';
import { declaredVariables, overlaps } from './packer-template.ts';

test.each([
  { line: '1600000000,,ui,say,==> vod: Creating%!(PACKER_COMMA) now', text: '==> vod: Creating, now', error: false },
  { line: '1600000000,,ui,error,Build errored\\nwhy', text: 'Build errored\nwhy', error: true },
  { line: '1600000000,vod,artifact,0,id,eu-west-1:ami-1', text: undefined, error: false },
])('reads $line', ({ line, text, error }) => {
  const parsed = parsePackerLine(line);
  expect(parsed && uiText(parsed)).toBe(text);
  expect(parsed && isUiError(parsed)).toBe(error);
});

test.each(['', 'plain text, with a comma', 'x,y'])('passes over %j', (line) =>
  expect(parsePackerLine(line)).toBeUndefined(),
);

test('finds the AMI of the Region among those of an artifact', () => {
  const line = parsePackerLine('1600000000,vod,artifact,0,id,eu-west-1:ami-1%!(PACKER_COMMA)us-east-1:ami-2');
  expect(line && [artifactImage(line, 'us-east-1'), artifactImage(line, 'eu-north-1')]).toEqual(['ami-2', undefined]);
});

test.each([
  { template: 'a.pkr.hcl', text: 'variable "aws_endpoint" {\n}\n  variable "k8s" {}', names: ['aws_endpoint', 'k8s'] },
  { template: 'a.json', text: '{"variables":{"aws_endpoint":""}}', names: ['aws_endpoint'] },
  { template: 'a.json', text: '{ broken', names: [] },
])('declared variables of $template: $names', ({ template, text, names }) =>
  expect([...declaredVariables(template, text)]).toEqual(names),
);

test.each([
  { template: 'a.pkr.hcl', text: '  ami_users = ["1"]\n  encrypt_boot = true', names: ['ami_users', 'encrypt_boot'] },
  { template: 'a.json', text: '{"ami_regions": []}', names: ['ami_regions'] },
  { template: 'a.pkr.hcl', text: "# ami_users are amiport's", names: [] },
])('points out what $template does of our work: $names', ({ template, text, names }) => {
  expect(overlaps(template, text).map((r) => /\((\w+)\)/.exec(r.says)?.[1])).toEqual(names);
});
