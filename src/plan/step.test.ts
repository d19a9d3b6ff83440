import { expect, test } from 'vitest';
import { imageRef, keyRef, resolveReferences } from './step.ts';

test('references are filled with what a run learnt, wherever they stand', () => {
  const learnt = new Map([
    ['key:eu-west-1', 'arn:key'],
    ['image:vod:ami-0a:eu-west-1', 'ami-0b'],
  ]);
  const value = {
    key: keyRef('eu-west-1'),
    list: [imageRef('vod', 'ami-0a', 'eu-west-1'), 'plain'],
    policy: `{"R":"${keyRef('eu-west-1')}"}`,
  };
  expect(resolveReferences(value, learnt)).toEqual({
    value: { key: 'arn:key', list: ['ami-0b', 'plain'], policy: '{"R":"arn:key"}' },
    unknown: [],
  });
});

test('what is not learnt yet is named and left as it is', () => {
  const answer = resolveReferences({ key: keyRef('eu-west-1') }, new Map());
  expect(answer).toEqual({ value: { key: keyRef('eu-west-1') }, unknown: ['key:eu-west-1'] });
});
