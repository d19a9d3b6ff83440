/** The webhook: a real server of this process checks what it is sent; deliveries run on the simulated AWS. */
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deskOf, type Session } from '../../src/app/api.ts';
import { bakedImage, configOf, FIRST, HOME, must, silent, type TestStage, testStage } from './stage.ts';

const SECRET = 'not to be seen anywhere';
const env = { HOOK_SECRET: SECRET };
let server: Server;
let url: string;
let answers: number[] = [];
const got: { readonly signed: boolean; readonly event: string; readonly body: string }[] = [];
let stage: TestStage;
let session: Session;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    request.on('end', () => {
      const timestamp = String(request.headers['amiport-timestamp']);
      const signature = `v1=${createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex')}`;
      const { event } = JSON.parse(body) as { event: string };
      got.push({ signed: request.headers['amiport-signature'] === signature, event, body });
      response.writeHead(answers.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=abc`;
  stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  session = await stage.open(
    `${configOf({ kubernetes: source })}notify: { url: "${url}", secretEnv: HOOK_SECRET, on: [delivered, failed, drift] }\n`,
  );
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  got.length = 0;
  answers = [];
});

async function apply() {
  const desk = deskOf(session, env);
  const plan = await desk.plan(silent);
  if (!plan.ok) throw new Error(plan.reason.says);
  const run = await desk.apply(plan.value, silent);
  if (!run.ok) throw new Error(run.reason.says);
  return run.value;
}

test('failed, delivered and drift are told, signed; the secret and the token are in no answer', async () => {
  await must(
    stage.first.send('ec2', HOME, 'ReplaceImageCriteriaInAllowedImagesSettings', {
      ImageCriteria: [{ ImageProviders: ['amazon'] }],
    }),
  );
  await must(stage.first.send('ec2', HOME, 'EnableAllowedImagesSettings', { AllowedImagesSettingsState: 'enabled' }));
  expect((await apply()).failed.length).toBeGreaterThan(0);
  await must(stage.first.send('ec2', HOME, 'DisableAllowedImagesSettings', {}));
  expect((await apply()).failed).toEqual([]);
  const key = '/golden/kubernetes/current';
  await must(stage.first.send('ssm', HOME, 'DeleteParameter', { Name: key }));
  const drifted = await deskOf(session, env).drift(silent);
  expect(got.map((g) => [g.event, g.signed])).toEqual([
    ['failed', true],
    ['delivered', true],
    ['drift', true],
  ]);
  expect(got[2]?.body).toContain(FIRST);
  expect(JSON.stringify([drifted, got])).not.toContain(SECRET);
});

test.each([
  { answer: [500, 503, 204], tried: 3, says: undefined },
  { answer: [500, 500, 500, 500, 500], tried: 4, says: /was not told, in 4 attempts: it answered 500/ },
  { answer: [401], tried: 1, says: /in 1 attempt: it answered 401/ },
])('answers $answer: tried $tried times', async ({ answer, tried, says }) => {
  answers = answer;
  const found = await deskOf(session, env).drift(silent);
  if (!found.ok) throw new Error(found.reason.says);
  expect(got.length).toBe(tried);
  if (says === undefined) expect(found.value.notNotified).toBeUndefined();
  else expect(found.value.notNotified?.says).toMatch(says);
  expect(JSON.stringify(found)).not.toContain('token=abc');
});

test('without the secret nothing is sent', async () => {
  const found = await deskOf(session, {}).drift(silent);
  expect(found).toMatchObject({ ok: true, value: { notNotified: { code: 'notify.secret.absent' } } });
  expect(got).toEqual([]);
});
