/** The `Cloud` of `model/cloud.ts` on the AWS SDK. */
import type { Cloud } from '../model/cloud.ts';
import { canaryEffects } from './act-canary.ts';
import { imageEffects } from './act-images.ts';
import { keyLife } from './act-key-life.ts';
import { keyEffects } from './act-keys.ts';
import { lifecycleEffects } from './act-lifecycle.ts';
import { noticeEffects } from './act-notices.ts';
import { parameterEffects } from './act-parameters.ts';
import { pointerEffects } from './act-pointers.ts';
import { keyProbes } from './act-probes.ts';
import { refreshEffects } from './act-refresh.ts';
import { volumeEffects } from './act-volumes.ts';
import type { Connection } from './connection.ts';
import { consumerSearches } from './observe-consumers.ts';
import { searches } from './observe-left.ts';
import { trailReads } from './trail.ts';

export const awsCloud = (c: Connection): Cloud => ({
  traced: (work) => c.traced(work),
  ...keyEffects(c),
  ...keyLife(c),
  ...keyProbes(c),
  ...volumeEffects(c),
  ...imageEffects(c),
  ...lifecycleEffects(c),
  ...parameterEffects(c),
  ...noticeEffects(c),
  ...pointerEffects(c),
  ...canaryEffects(c),
  ...refreshEffects(c),
  ...consumerSearches(c),
  ...searches(c),
  ...trailReads(c),
});
