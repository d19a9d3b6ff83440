/**
 * Zone ids. Source: AWS RAM / EC2 User Guide "AZ IDs": an id is the Region's code and the zone's number, as
 * `use1-az1`. Differs from AWS: letters map to numbers in order in every account (AWS shuffles in old Regions).
 */
import { REGION_ZONES } from '../world/regions.ts';

const DIRECTIONS: Readonly<Record<string, string>> = {
  north: 'n',
  south: 's',
  east: 'e',
  west: 'w',
  central: 'c',
  northeast: 'ne',
  southeast: 'se',
};

/** `eu-west-1` → `euw1`. */
export function regionCode(region: string): string {
  const [area = '', direction = '', number = ''] = region.split('-');
  return `${area}${DIRECTIONS[direction] ?? direction}${number}`;
}

export function zoneId(zone: string): string {
  const region = zone.slice(0, -1);
  return `${regionCode(region)}-az${(REGION_ZONES[region] ?? []).indexOf(zone.slice(-1)) + 1}`;
}
