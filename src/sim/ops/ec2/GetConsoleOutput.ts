/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
 * Differs from AWS: nothing boots, so there is never any output.
 */
import { existingTags } from '../../launch/demands.ts';
import { instanceArn } from '../../launch/launch.ts';
import { instancesById } from '../../launch/lifecycle.ts';
import { operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

export const getConsoleOutput = operation<Ec2.GetConsoleOutputRequest, Ec2.GetConsoleOutputResult>(
  'ec2.GetConsoleOutput',
  {
    accepts: ['InstanceId', 'Latest'],
    demands: (call) => {
      const { instances } = placeOf(call.world, call.place.account, call.place.region).ec2;
      const id = call.input.InstanceId ?? '*';
      const context = existingTags(instances.get(id)?.tags);
      return [{ action: 'ec2:GetConsoleOutput', resource: instanceArn(call, call.place, id), context }];
    },
    apply({ input, world, place, nowMs }) {
      const [instance] = instancesById(placeOf(world, place.account, place.region).ec2, [input.InstanceId ?? '']);
      return { InstanceId: instance?.instanceId, Timestamp: new Date(nowMs), Output: '' };
    },
  },
);
