/**
 * The launch engine: what RunInstances, CreateFleet and EC2 Auto Scaling have in common.
 *
 * Everything that can be refused at once throws a `Fault` before anything is changed. What KMS refuses shows
 * later (facts 2.6): the instance is `pending`, then `terminated` with its state reason.
 */
import type { Place } from '../../base/place.ts';
import { type Caller, type Ctx, Fault } from '../operation.ts';
import type { Image, Instance } from '../world/ec2.ts';
import { regionOf } from '../world/make.ts';
import { checkKeyPair, profileArn } from './belongings.ts';
import { checkCompatible } from './compatible.ts';
import { type Device, launchDevices } from './devices.ts';
import { resolveImageId } from './image-name.ts';
import { DEFAULT_INSTANCE_TYPE, type InstanceType, instanceType } from './instance-types.ts';
import { type Interface, planInterface } from './interface.ts';
import { launchableImage } from './launchable.ts';
import { freeAddress, isTaken, takeAddress } from './network.ts';
import { checkSpec, type LaunchSpec } from './spec.ts';
import { notModelled } from './unmodelled.ts';
import { openVolumes, planVolumes } from './volumes.ts';

export interface LaunchOrder {
  /** The API action, for messages. */
  readonly action: string;
  /** Whose permissions KMS sees (facts 5.8). */
  readonly caller: Caller;
  readonly place: Place;
  readonly spec: LaunchSpec;
  readonly count: number;
  readonly clientToken?: string | undefined;
  readonly launchTemplate?: { readonly id: string; readonly version: string } | undefined;
  readonly autoScalingGroup?: string | undefined;
  readonly fleetId?: string | undefined;
}

interface Plan {
  readonly image: Image;
  readonly type: InstanceType;
  readonly devices: readonly Device[];
  readonly network: Interface;
  readonly profile: string | undefined;
}

/** Checks all that AWS checks before it answers; changes nothing. */
export function planLaunch(ctx: Ctx, order: Omit<LaunchOrder, 'count'>): Plan {
  const { spec, place, action } = order;
  checkSpec(action, spec);
  if (!spec.ImageId) throw new Fault('MissingParameter', 'The request must contain the parameter ImageId');
  const image = launchableImage(ctx, place, resolveImageId(ctx, place, spec.ImageId));
  const type = instanceType(spec.InstanceType ?? DEFAULT_INSTANCE_TYPE);
  checkCompatible(image, type);
  const devices = launchDevices(image, spec.BlockDeviceMappings ?? []);
  checkKeyPair(ctx, place, spec.KeyName);
  const network = planInterface(ctx, place, spec);
  checkAddress(network, spec.PrivateIpAddress ?? network.privateIp);
  const market = spec.InstanceMarketOptions?.MarketType;
  if (market !== undefined && market !== 'spot')
    throw notModelled(action, `InstanceMarketOptions.MarketType ${market}`);
  return { image, type, devices, network, profile: profileArn(ctx, place, spec) };
}

/** Source: EC2 API error codes, `InvalidIPAddress.InUse`; the sentence is as reported. */
function checkAddress({ ec2 }: Interface, asked: string | undefined): void {
  if (asked !== undefined && isTaken(ec2, asked))
    throw new Fault('InvalidIPAddress.InUse', `Address ${asked} is in use.`);
}

/** @returns the instances, all `pending`; what became of them shows after `settings.instancePendingMs` */
export function launchInstances(ctx: Ctx, order: LaunchOrder): Instance[] {
  const plan = planLaunch(ctx, order);
  const reservationId = ctx.newId('r');
  const launched: Instance[] = [];
  for (let index = 0; index < order.count; index += 1) {
    launched.push(launchOne(ctx, order, plan, { reservationId, index }));
  }
  plan.image.lastLaunchedMs = ctx.nowMs;
  return launched;
}

interface Slot {
  readonly reservationId: string;
  readonly index: number;
}

function launchOne(ctx: Ctx, order: LaunchOrder, plan: Plan, slot: Slot): Instance {
  const { place, caller, spec } = order;
  const { image, devices, network } = plan;
  const asked = spec.PrivateIpAddress ?? network.privateIp;
  const zone = network.subnet.zone;
  const tags = () => tagsFor(spec, 'volume');
  const planned = planVolumes(ctx, { caller, place, image, devices, zone, tags });
  const privateIp = asked ?? freeAddress(network.ec2, network.subnet);
  const instance: Instance = {
    instanceId: ctx.newId('i'),
    imageId: plan.image.imageId,
    instanceType: plan.type.name,
    architecture: plan.image.architecture,
    reservationId: slot.reservationId,
    state: 'pending',
    stateReason: undefined,
    stateTransitionReason: '',
    launchedMs: ctx.nowMs,
    terminatedMs: undefined,
    subnetId: plan.network.subnet.subnetId,
    vpcId: plan.network.subnet.vpcId,
    zone,
    privateIp,
    publicIp: plan.network.publicAddress ? publicAddress(ctx) : undefined,
    keyName: spec.KeyName,
    securityGroupIds: plan.network.groupIds,
    instanceProfileArn: plan.profile,
    rootDeviceName: plan.image.rootDeviceName,
    volumes: new Map(),
    launchTemplate: order.launchTemplate,
    launchedBy: caller.arn,
    autoScalingGroup: order.autoScalingGroup,
    lifecycle: spec.InstanceMarketOptions?.MarketType === 'spot' ? 'spot' : undefined,
    clientToken: order.clientToken,
    hadUserData: (spec.UserData ?? '') !== '',
    shutdownBehavior: spec.InstanceInitiatedShutdownBehavior === 'terminate' ? 'terminate' : 'stop',
    disableApiTermination: spec.DisableApiTermination === true,
    disableApiStop: spec.DisableApiStop === true,
    metadataOptions: metadataOptions(plan.image, spec),
    launchIndex: slot.index,
    monitoring: spec.Monitoring?.Enabled === true,
    ebsOptimized: spec.EbsOptimized === true,
    cpuCredits: plan.type.burstable
      ? (spec.CreditSpecification?.CpuCredits ?? (plan.type.hypervisor === 'xen' ? 'standard' : 'unlimited'))
      : undefined,
    tags: tagsFor(spec, 'instance'),
  };
  if (order.autoScalingGroup) instance.tags.set('aws:autoscaling:groupName', order.autoScalingGroup);
  if (order.fleetId) instance.tags.set('aws:ec2:fleet-id', order.fleetId);
  if (order.launchTemplate) {
    instance.tags.set('aws:ec2launchtemplate:id', order.launchTemplate.id);
    instance.tags.set('aws:ec2launchtemplate:version', order.launchTemplate.version);
  }
  network.ec2.instances.set(instance.instanceId, instance);
  takeAddress(network.ec2, instance);
  const failure = openVolumes(ctx, { caller, place, instance, planned });
  ctx.later(ctx.world.settings.instancePendingMs, 'ec2.InstanceStarts', {
    account: place.account,
    region: place.region,
    instanceId: instance.instanceId,
    ...(failure ? { failure } : {}),
  });
  return instance;
}

export function tagsFor(spec: LaunchSpec, resourceType: string): Map<string, string> {
  const tags = new Map<string, string>();
  for (const specification of spec.TagSpecifications ?? []) {
    if (specification.ResourceType !== resourceType) continue;
    for (const tag of specification.Tags ?? []) tags.set(tag.Key ?? '', tag.Value ?? '');
  }
  return tags;
}

function publicAddress(ctx: Ctx): string {
  const n = Number.parseInt(ctx.newHex(6), 16);
  return `54.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}`;
}

type MetadataOptions = Instance['metadataOptions'];

const METADATA: MetadataOptions = Object.freeze({
  HttpTokens: 'optional',
  HttpPutResponseHopLimit: 1,
  HttpEndpoint: 'enabled',
  HttpProtocolIpv6: 'disabled',
  InstanceMetadataTags: 'disabled',
});
const METADATA_V2: MetadataOptions = Object.freeze({
  ...METADATA,
  HttpTokens: 'required',
  HttpPutResponseHopLimit: 2,
});

/** Source: EC2 API Reference InstanceMetadataOptionsResponse; IMG-24: an image with `ImdsSupport` v2.0 requires tokens. */
function metadataOptions(image: Image, { MetadataOptions: given }: LaunchSpec): MetadataOptions {
  const usual = image.imdsSupport === 'v2.0' ? METADATA_V2 : METADATA;
  return given ? { ...usual, ...(given as MetadataOptions) } : usual;
}

/** ARN of an instance, as permissions and tags name it. */
export const instanceArn = (ctx: Pick<Ctx, 'world'>, place: Place, instanceId: string): string =>
  `arn:${ctx.world.partition}:ec2:${regionOf(ctx.world, place.region).name}:${place.account}:instance/${instanceId}`;
