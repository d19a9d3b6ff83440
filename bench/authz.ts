/**
 * Single decisions on a KMS key against @cloud-copilot/iam-simulate, on the same cases, interleaved in one run. Without grants,
 * which it does not model, and without memory: the raw texts are new ones each time, the compiled policies are asked anew.
 */
import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import { compile, evaluate } from '../src/authz/evaluate.ts';
import type { Policies, Request } from '../src/authz/types.ts';
import type { Emit } from './figure.ts';

const ROUNDS = 40;
const TIMES = { theirs: 4, raw: 50, compiled: 500 };
const COMPILED_MIN = 200;
const RAW_MIN = 20;

const OWNER = '111111111111';
const DEST = '222222222222';
const KEY = `arn:aws:kms:eu-west-1:${OWNER}:key/11111111-2222-4333-8444-555555555555`;
const USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncrypt*'];
const VIA = { StringEquals: { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' } };

interface Case {
  readonly name: string;
  readonly account: string;
  readonly action: string;
  readonly context: Readonly<Record<string, string>>;
  readonly identity: object;
  readonly key: object;
  readonly scp?: object;
  readonly boundary?: object;
}

const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement });
const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });
const OWNERS_OWN = { Sid: 'Owner', Effect: 'Allow', Principal: root(OWNER), Action: 'kms:*', Resource: '*' };
const shared = (more: object = {}) =>
  policy(OWNERS_OWN, { Sid: 'Use', Effect: 'Allow', Principal: root(DEST), Action: USE, Resource: '*', ...more });
const role = (more: object = {}) => policy({ Sid: 'Use', Effect: 'Allow', Action: USE, Resource: KEY, ...more });
const EVERYTHING = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
const viaEc2 = { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' };
const decrypt = { account: DEST, action: 'kms:Decrypt', context: viaEc2 };

const CASES: readonly Case[] = [
  { name: 'both sides allow', ...decrypt, identity: role(), key: shared({ Condition: VIA }) },
  { name: 'through another service', ...decrypt, context: {}, identity: role(), key: shared({ Condition: VIA }) },
  { name: 'no identity policy', ...decrypt, identity: role({ Action: 's3:*' }), key: shared() },
  { name: 'the key is silent', ...decrypt, identity: role(), key: policy(OWNERS_OWN) },
  { name: 'at home, delegated', ...decrypt, account: OWNER, identity: role(), key: shared() },
  {
    name: 'within SCP and boundary',
    ...decrypt,
    identity: role(),
    key: shared(),
    scp: policy(
      { Effect: 'Allow', Action: '*', Resource: '*' },
      {
        Effect: 'Deny',
        Action: 'kms:*',
        Resource: '*',
        Condition: { StringNotEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
      },
    ),
    boundary: EVERYTHING,
    context: { ...viaEc2, 'aws:RequestedRegion': 'eu-west-1' },
  },
];

const policiesOf = (c: Case, text: (document: object) => string): Policies => ({
  identity: [{ id: 'identity', document: text(c.identity) }],
  resource: { kind: 'key-policy', policies: [{ id: 'key', document: text(c.key) }] },
  ...(c.scp ? { scps: [{ level: 'Root', policies: [{ id: 'scp', document: text(c.scp) }] }] } : {}),
  ...(c.boundary ? { boundary: [{ id: 'boundary', document: text(c.boundary) }] } : {}),
});

const requestOf = (c: Case): Request => ({
  principal: { kind: 'role', arn: `arn:aws:iam::${c.account}:role/App` },
  action: c.action,
  resource: KEY,
  resourceAccount: OWNER,
  context: Object.fromEntries(Object.entries(c.context).map(([k, v]) => [k.toLowerCase(), [v]])),
});

const simulationOf = (c: Case): Simulation => ({
  request: {
    principal: `arn:aws:iam::${c.account}:role/App`,
    action: c.action,
    resource: { resource: KEY, accountId: OWNER },
    contextVariables: { ...c.context },
  },
  identityPolicies: [{ name: 'identity', policy: c.identity }],
  serviceControlPolicies: c.scp ? [{ orgIdentifier: 'r', policies: [{ name: 'scp', policy: c.scp }] }] : [],
  resourceControlPolicies: [],
  resourcePolicy: c.key,
  ...(c.boundary ? { permissionBoundaryPolicies: [{ name: 'boundary', policy: c.boundary }] } : {}),
});

/** An Id that no text had before: nothing that was parsed can be found again. */
let texts = 0;
const newText = (document: object): string => JSON.stringify({ ...document, Id: `policy-${texts++}` });

export async function bench(emit: Emit): Promise<void> {
  await agree();
  const ns = { theirs: 0, raw: 0, compiled: 0 };
  for (let round = -5; round < ROUNDS; round++) {
    for (const c of CASES) {
      const took = await roundOf(c);
      if (round >= 0) for (const who of ['theirs', 'raw', 'compiled'] as const) ns[who] += took[who] / TIMES[who];
    }
  }
  const each = (who: keyof typeof ns) => ns[who] / ROUNDS / CASES.length;
  const baseline = `iam-simulate ${(each('theirs') / 1e3).toFixed(0)} us; raw ${(each('raw') / 1e3).toFixed(1)} us, compiled ${(each('compiled') / 1e3).toFixed(2)} us`;
  for (const [figure, who, min] of [
    ['compiled, a decision', 'compiled', COMPILED_MIN],
    ['from raw policies, a decision', 'raw', RAW_MIN],
  ] as const) {
    const value = each('theirs') / each(who);
    emit({ bench: 'authz', figure, value, unit: 'x', target: `>= ${min}`, holds: value >= min, baseline });
  }
}

async function agree(): Promise<void> {
  for (const c of CASES) {
    const ours = evaluate(requestOf(c), policiesOf(c, newText)).is === 'allowed';
    const result = await runSimulation(simulationOf(c), {});
    const theirs = result.resultType !== 'error' && result.overallResult === 'Allowed';
    if (ours !== theirs) throw new Error(`${c.name}: ${ours} here, ${theirs} there`);
  }
}

/** One after the other, so that a busy moment of the machine falls on all three. */
async function roundOf(c: Case): Promise<Record<keyof typeof TIMES, number>> {
  const requests = Array.from({ length: TIMES.compiled }, () => requestOf(c));
  const policies = Array.from({ length: TIMES.raw }, () => policiesOf(c, newText));
  const compiled = compile(policiesOf(c, newText));
  const simulations = Array.from({ length: TIMES.theirs }, () => simulationOf(c));
  const start = process.hrtime.bigint();
  for (const s of simulations) await runSimulation(s, {});
  const afterTheirs = process.hrtime.bigint();
  for (const p of policies) evaluate(requestOf(c), p);
  const afterRaw = process.hrtime.bigint();
  for (const r of requests) compiled.evaluate(r);
  const end = process.hrtime.bigint();
  return { theirs: Number(afterTheirs - start), raw: Number(afterRaw - afterTheirs), compiled: Number(end - afterRaw) };
}
