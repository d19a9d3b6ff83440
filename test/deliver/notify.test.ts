/** The webhook: a real server of this process checks what it is sent; deliveries run on the simulated AWS. */
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deskOf, type Session } from '../../src/app/api.ts';
import { exportIam } from '../../src/export/iam.ts';
import { BUILDER, bakedImage, configOf, FIRST, HOME, must, silent, type TestStage, testStage } from './stage.ts';

const SECRET = 'not to be seen anywhere';
const env = { HOOK_SECRET: SECRET };
let server: Server;
let url: string;
let answers: number[] = [];
const got: { readonly signed: boolean; readonly event: string; readonly body: string }[] = [];
let stage: TestStage;
let session: Session;
let config: string;

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
  config = configOf({ kubernetes: source });
  session = await stage.open(
    `${config}notify: { url: "${url}", secretEnv: HOOK_SECRET, on: [delivered, failed, drift] }\n`,
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

const TOPIC = `arn:aws:sns:us-east-1:${BUILDER}:images`;
const BUS = `arn:aws:events:${HOME}:${BUILDER}:event-bus/images`;

/** Subjects of what a topic or bus got. */
const received = (arn: string) => {
  const { messages } = stage.sim.world.accounts.get(BUILDER)?.places.get(arn.split(':')[3] ?? '') ?? {};
  const channels = [...(messages?.topics.values() ?? []), ...(messages?.buses.values() ?? [])];
  return channels.find((c) => c.arn === arn)?.received ?? [];
};

test('a topic in another Region and a bus are told in the name of the builder; each that is not there is said', async () => {
  const told = await stage.open(`${config}notify: { topic: "${TOPIC}", bus: "${BUS}", on: [drift] }\n`);
  const first = await deskOf(told, {}).drift(silent);
  expect(first).toMatchObject({ ok: true, value: { notNotified: { code: 'notify.failed' } } });
  const because = first.ok ? (first.value.notNotified?.because ?? []) : [];
  expect(because.map((b) => [b.code, b.because[0]?.code])).toEqual([
    ['notify.sns.failed', 'aws.NotFound'],
    ['notify.eventbridge.failed', 'aws.ResourceNotFoundException'],
  ]);
  await must(stage.builder.send('sns', 'us-east-1', 'CreateTopic', { Name: 'images' }));
  await must(stage.builder.send('events', HOME, 'CreateEventBus', { Name: 'images' }));
  const second = await deskOf(told, {}).drift(silent);
  expect(second).toMatchObject({ ok: true, value: { differences: [{}] } });
  expect(second.ok && second.value.notNotified).toBeUndefined();
  const body = { version: 1, delivery: 'bedrock', event: 'drift', differences: [{}] };
  expect(received(TOPIC)).toMatchObject([
    {
      subject: 'amiport: bedrock drift',
      attributes: { event: 'drift', delivery: 'bedrock' },
      by: expect.stringContaining('role/amiport'),
    },
  ]);
  expect(received(BUS)).toMatchObject([{ subject: 'amiport drift', source: 'amiport' }]);
  for (const arn of [TOPIC, BUS]) expect(JSON.parse(received(arn)[0]?.body ?? '')).toMatchObject(body);
});

test('the exported permissions are what telling takes: without them each refusal names its own', async () => {
  const told = await stage.open(`${config}notify: { topic: "${TOPIC}", bus: "${BUS}", on: [drift] }\n`);
  const exported = exportIam(told.want, []).roles.find((r) => r.purpose === 'builder')?.policies.amiport;
  const without = { ...exported, Statement: exported?.Statement.filter((s) => !/Publish|PutEvents/.test(s.Sid ?? '')) };
  const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await must(stage.builder.send('iam', HOME, 'DetachRolePolicy', { RoleName: 'amiport', PolicyArn: admin }));
  const says = async (policy: unknown) => {
    const PolicyDocument = JSON.stringify(policy);
    await must(
      stage.builder.send('iam', HOME, 'PutRolePolicy', { RoleName: 'amiport', PolicyName: 'amiport', PolicyDocument }),
    );
    await stage.clock.sleep(60_000);
    const found = await deskOf(told, {}).drift(silent);
    if (!found.ok) throw new Error(found.reason.says);
    return JSON.stringify(found.value.notNotified ?? 'told');
  };
  expect(await says(without)).toMatch(/SNS:Publish.*events:PutEvents/);
  expect(await says(exported)).toBe('"told"');
});
