/** Every Parameter Store operation and task that the simulator implements. */
import type { Operation, TaskHandler } from '../../operation.ts';
import {
  addTagsToResource,
  deleteParameter,
  deleteParameters,
  labelParameterVersion,
  listTagsForResource,
  removeTagsFromResource,
  unlabelParameterVersion,
} from './changes.ts';
import { imageCheck, putParameter } from './PutParameter.ts';
import { describeParameters, getParameter, getParameterHistory, getParameters, getParametersByPath } from './reads.ts';

export const SSM_OPERATIONS: readonly Operation[] = [
  putParameter,
  getParameter,
  getParameters,
  getParametersByPath,
  getParameterHistory,
  describeParameters,
  deleteParameter,
  deleteParameters,
  labelParameterVersion,
  unlabelParameterVersion,
  addTagsToResource,
  removeTagsFromResource,
  listTagsForResource,
];

export const SSM_TASKS: readonly TaskHandler[] = [imageCheck];
