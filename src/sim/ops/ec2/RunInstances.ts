/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 * Differs from AWS: user data is accepted and never kept; capacity is never short.
 */

import { launchDemands } from '../../launch/demands.ts';
import { describeInstance, NONE } from '../../launch/describe-instance.ts';
import { launchInstances } from '../../launch/launch.ts';
import { type LaunchSpec, overTemplate, SPEC_MEMBERS, withoutBlanks } from '../../launch/spec.ts';
import { launchedAs } from '../../launch/spot.ts';
import { findTemplate, templateData, templateVersion } from '../../launch/templates.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { onlyMembers } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Ec2Place, Instance } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

const ACTION = 'RunInstances';

type RunCall = Call<Ec2.RunInstancesRequest>;

interface Asked {
  readonly spec: LaunchSpec;
  readonly template: { readonly id: string; readonly version: string } | undefined;
}

let last: { readonly call: RunCall; readonly asked: Asked } | undefined;

/** Worked out once for a call: its demands and its effect want it, one right after the other. */
function asked(call: RunCall): Asked {
  if (last?.call !== call) last = { call, asked: workOut(call) };
  return last.asked;
}

function workOut({ input, world, place }: RunCall): Asked {
  const { LaunchTemplate: by } = input;
  const { MinCount: _min, MaxCount: _max, LaunchTemplate: _by, ClientToken: _token, DryRun: _dry, ...given } = input;
  const own: LaunchSpec = withoutBlanks(given);
  if (!by) return { spec: own, template: undefined };
  onlyMembers(ACTION, 'LaunchTemplate', by, ['LaunchTemplateId', 'LaunchTemplateName', 'Version']);
  const template = findTemplate(placeOf(world, place.account, place.region).ec2, by);
  const version = templateVersion(template, by.Version);
  return {
    spec: overTemplate(ACTION, templateData(version), own),
    template: { id: template.launchTemplateId, version: String(version.version) },
  };
}

function count({ input }: RunCall): number {
  const { MinCount: min, MaxCount: max } = input;
  if (min === undefined || max === undefined) {
    throw new Fault(
      'MissingParameter',
      `The request must contain the parameter ${min === undefined ? 'MinCount' : 'MaxCount'}`,
    );
  }
  if (min < 1)
    throw new Fault(
      'InvalidParameterValue',
      `Value (${min}) for parameter minCount is invalid. Expecting a positive integer.`,
    );
  if (max < min) {
    throw new Fault(
      'InvalidParameterCombination',
      `Value (${max}) for parameter maxCount is invalid. maxCount must be equal to or greater than minCount.`,
    );
  }
  return max;
}

function answer(call: RunCall, ec2: Ec2Place, instances: readonly Instance[]): Ec2.Reservation {
  return {
    ReservationId: instances[0]?.reservationId,
    OwnerId: call.place.account,
    Groups: NONE,
    Instances: instances.map((instance) => describeInstance(call, call.place, ec2, instance)),
  };
}

export const runInstances = operation<Ec2.RunInstancesRequest, Ec2.Reservation>('ec2.RunInstances', {
  accepts: [...SPEC_MEMBERS, 'SubnetId', 'PrivateIpAddress', 'MinCount', 'MaxCount', 'LaunchTemplate', 'ClientToken'],
  demands: (call) => {
    const { spec, template } = asked(call);
    return launchDemands(call, call.place, spec, template?.id);
  },
  apply(call) {
    const { input, place } = call;
    const ec2 = placeOf(call.world, place.account, place.region).ec2;
    const before = madeBefore(ec2, ACTION, input.ClientToken, input);
    if (before) {
      return answer(
        call,
        ec2,
        [...ec2.instances.values()].filter((i) => i.reservationId === before),
      );
    }
    const { spec, template } = asked(call);
    const instances = launchInstances(call, {
      action: ACTION,
      caller: launchedAs(call, call.caller, spec),
      place,
      spec,
      count: count(call),
      clientToken: input.ClientToken,
      launchTemplate: template,
    });
    rememberToken(ec2, ACTION, input.ClientToken, input, {
      result: instances[0]?.reservationId ?? '',
      atMs: call.nowMs,
    });
    return answer(call, ec2, instances);
  },
});
