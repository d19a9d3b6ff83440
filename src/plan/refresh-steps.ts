/**
 * Instance refreshes on request (`publish.instanceRefresh`): after a launch template moved, the groups that follow it
 * replace their instances. One group goes first, alone; only when it is well do the others follow.
 */
import { reason } from '../base/outcome.ts';
import type { Image } from '../model/delivery.ts';
import type { GroupSeen, LaunchTemplateSeen, PlaceSeen } from '../model/observed.ts';
import type { Draft } from './draft.ts';
import { templateStep } from './pointer-steps.ts';
import { accountsIn, deliveredRegions } from './targets.ts';

export function planRefreshes(d: Draft): void {
  for (const image of d.want.images) {
    const { instanceRefresh, launchTemplates } = image.publish;
    if (instanceRefresh === undefined) continue;
    const first: string[] = [];
    for (const region of deliveredRegions(d.want)) {
      for (const account of accountsIn(d.want, region)) {
        const place = d.seen.places.get(`${account.id}/${region}`);
        if (place?.groups?.is === 'unreadable') d.blocked.push(place.groups.reason);
        if (place?.groups?.is !== 'known') continue;
        for (const group of place.groups.value)
          if (launchTemplates.includes(group.template)) planRefresh(d, image, place, group, first);
      }
    }
  }
}

/** @param first the group that goes before all others, once there is one */
function planRefresh(d: Draft, image: Image, place: PlaceSeen, group: GroupSeen, first: string[]): void {
  const { account, region } = place;
  if (group.running.length === 0) return;
  if (!group.version.startsWith('$')) {
    d.notes.push(
      reason(
        'asg.version.pinned',
        `${account}/${region}`,
        `group ${group.name} keeps to version ${group.version} of ${group.template}, so it is not refreshed`,
        { remedy: { who: `account ${account}`, does: 'let it follow $Default' } },
      ),
    );
    return;
  }
  const template = place.launchTemplates.get(group.template);
  if (template?.is !== 'known') return;
  const moving = d.planned(templateStep(account, region, group.template));
  const follows = group.version === '$Latest' || image.publish.setDefault;
  if (!(moving.length > 0 && follows) && !isStale(group, template.value)) return;
  const id = d.add({
    id: `refresh-instances:${account}:${region}:${group.name}`,
    do: 'refresh-instances',
    account,
    region,
    image: image.name,
    why:
      first.length === 0
        ? `the instances of ${group.name} are of an older version of ${group.template}; this group goes first, alone`
        : `the instances of ${group.name} are of an older version of ${group.template}`,
    needs: [...moving, ...first],
    group: group.name,
    minHealthyPercentage: image.publish.instanceRefresh?.minHealthyPercentage ?? 90,
    ...wayBack(group, template.value, moving.length > 0),
  });
  if (first.length === 0) first.push(id);
}

/** A group on `$Latest` cannot go back: no version becomes the latest again. */
function wayBack(group: GroupSeen, template: LaunchTemplateSeen, moves: boolean): { back?: TemplateVersion } {
  if (group.version !== '$Default') return {};
  // Once the default has moved, its instances still say where they came from.
  const former = group.running.map(Number).filter((v) => v > 0 && v !== template.defaultVersion);
  const version = moves ? template.defaultVersion : Math.max(0, ...former);
  return version === 0 ? {} : { back: { template: group.template, version } };
}

interface TemplateVersion {
  readonly template: string;
  readonly version: number;
}

function isStale(group: GroupSeen, template: LaunchTemplateSeen): boolean {
  const wanted = String(group.version === '$Latest' ? template.latestVersion : template.defaultVersion);
  return group.running.some((version) => version !== wanted);
}
