/**
 * Questions aimed at one rule each: all but one thing is as plain as can be, so that the rule decides. Drawn from a seed.
 * The broad ones (`oracle.ts`) mix the rules; these make sure that each is met often, at its edges.
 */

import { type Random, seededRandom } from '../../src/base/ports.ts';
import { derived, layers, malformed, notPrincipal, principals, sides } from './aimed-layers.ts';
import { actions, condition, otherResources, resources, setCondition, variable } from './aimed-statements.ts';
import type { Asked } from './asked.ts';
import { ALLOW, plain, policy } from './plain.ts';

const FAMILIES: readonly ((draw: Random) => Asked)[] = [
  condition,
  condition,
  condition,
  condition,
  setCondition,
  variable,
  resources,
  otherResources,
  actions,
  principals,
  principals,
  notPrincipal,
  layers,
  derived,
  derived,
  sides,
  malformed,
];

/** Edges that draws meet too seldom. */
const EDGES: readonly (readonly [condition: object, context: Asked['context']])[] = [
  [{ StringLike: { 'aws:PrincipalTag/team': 'v*' } }, { 'aws:PrincipalTag/team': 'av' }],
  [{ StringLike: { 'aws:PrincipalTag/team': 'v*' } }, { 'aws:PrincipalTag/team': 'v' }],
  [
    { StringLike: { 'aws:RequestTag/team': '${aws:PrincipalTag/team}' } },
    { 'aws:RequestTag/team': 'vax', 'aws:PrincipalTag/team': 'v*' },
  ],
  [{ StringEquals: { 'aws:RequestTag/team': 'a${aws:PrincipalTag/none}' } }, { 'aws:RequestTag/team': 'a' }],
  [
    { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:sub' } },
    { 'aws:SourceArn': 'arn:aws:sns:r:111111111111:topic:sub' },
  ],
  [
    { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:*:*:topic' } },
    { 'aws:SourceArn': 'arn:aws:sns:r:111111111111:topic' },
  ],
  [
    { ArnLike: { 'aws:SourceArn': 'arn:aws:*:111111111111:topic' } },
    { 'aws:SourceArn': 'arn:aws:sns:r:111111111111:topic' },
  ],
  [{ StringEquals: { 'aws:userid': 'AROAAPP:s' } }, {}],
  [{ StringEquals: { 'aws:userid': 'AROAAPP' } }, {}],
  [{ 'ForAnyValue:StringEqualsIfExists': { 'aws:TagKeys': 'a' } }, {}],
];
const edges = EDGES.map(([Condition, context]) => plain({ context, identity: policy({ ...ALLOW, Condition }) }));

/** @returns the same questions for the same seed */
export function aimedQuestions(count: number, seed: number): readonly Asked[] {
  const draw = seededRandom(seed * 7919);
  return Array.from(
    { length: count },
    (_, i) => edges[i] ?? (FAMILIES[i % FAMILIES.length] as (d: Random) => Asked)(draw),
  );
}
