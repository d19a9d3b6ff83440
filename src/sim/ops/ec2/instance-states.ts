/**
 * Start, stop, reboot and terminate: four siblings over the same list of ids.
 * Sources: EC2 API Reference StartInstances, StopInstances, RebootInstances, TerminateInstances.
 */
import { existingTags } from '../../launch/demands.ts';
import { stateOf } from '../../launch/describe-instance.ts';
import { instanceArn } from '../../launch/launch.ts';
import { instancesById, requireState, start, stop, terminate } from '../../launch/lifecycle.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Instance } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

type Ids = { InstanceIds: string[] | undefined };

/** Also unknown ids are asked for: AWS looks at permissions first. */
const demandsOf =
  (action: string) =>
  (call: Call<Ids>): Demand[] => {
    const { instances } = placeOf(call.world, call.place.account, call.place.region).ec2;
    return (call.input.InstanceIds ?? []).map((id) => ({
      action,
      resource: instanceArn(call, call.place, id),
      context: existingTags(instances.get(id)?.tags),
    }));
  };

function chosen(call: Call<Ids>): Instance[] {
  const ids = call.input.InstanceIds ?? [];
  if (ids.length === 0) throw new Fault('MissingParameter', 'The request must contain the parameter InstanceId');
  return instancesById(placeOf(call.world, call.place.account, call.place.region).ec2, ids);
}

/** Does it to every instance and tells the states before and after. */
function changed(instances: readonly Instance[], act: (instance: Instance) => void): Ec2.InstanceStateChange[] {
  return instances.map((instance) => {
    const before = stateOf(instance);
    act(instance);
    return { InstanceId: instance.instanceId, PreviousState: before, CurrentState: stateOf(instance) };
  });
}

export const startInstances = operation<Ec2.StartInstancesRequest, Ec2.StartInstancesResult>('ec2.StartInstances', {
  accepts: ['InstanceIds'],
  demands: demandsOf('ec2:StartInstances'),
  apply(call) {
    const instances = chosen(call);
    for (const instance of instances) requireState(instance, ['stopped', 'running', 'pending'], 'started');
    return { StartingInstances: changed(instances, (i) => start(call, call.caller, call.place, i)) };
  },
});

export const stopInstances = operation<Ec2.StopInstancesRequest, Ec2.StopInstancesResult>('ec2.StopInstances', {
  accepts: ['InstanceIds', 'Force', 'SkipOsShutdown'],
  demands: demandsOf('ec2:StopInstances'),
  apply(call) {
    const instances = chosen(call);
    for (const instance of instances) {
      requireState(instance, ['running', 'stopping', 'stopped'], 'stopped');
      if (instance.disableApiStop) throw protectedFrom(instance, 'stopped', 'disableApiStop');
    }
    return { StoppingInstances: changed(instances, (i) => stop(call, call.place, i)) };
  },
});

export const rebootInstances = operation<Ec2.RebootInstancesRequest, object>('ec2.RebootInstances', {
  accepts: ['InstanceIds'],
  demands: demandsOf('ec2:RebootInstances'),
  apply(call) {
    for (const instance of chosen(call)) requireState(instance, ['running'], 'rebooted');
    return {};
  },
});

export const terminateInstances = operation<Ec2.TerminateInstancesRequest, Ec2.TerminateInstancesResult>(
  'ec2.TerminateInstances',
  {
    accepts: ['InstanceIds', 'Force', 'SkipOsShutdown'],
    demands: demandsOf('ec2:TerminateInstances'),
    apply(call) {
      const instances = chosen(call);
      for (const instance of instances) {
        if (instance.disableApiTermination) throw protectedFrom(instance, 'terminated', 'disableApiTermination');
      }
      return { TerminatingInstances: changed(instances, (i) => terminate(call, call.place, i)) };
    },
  },
);

function protectedFrom(instance: Instance, what: string, attribute: string): Fault {
  return new Fault(
    'OperationNotPermitted',
    `The instance '${instance.instanceId}' may not be ${what}. Modify its '${attribute}' instance attribute and try again.`,
  );
}
