/** Every SNS operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import * as topics from './topics.ts';

export const SNS_OPERATIONS: readonly Operation[] = Object.values(topics);
