/**
 * Asks authz about one demand of a caller: gathers the policies that AWS would consult from the world.
 * Handlers do not call this for their own demands (the kernel does); tasks and services acting for a
 * caller (EC2 using a key, Auto Scaling launching) do.
 */
import { evaluate } from '../authz/evaluate.ts';
import type { Decision } from '../authz/types.ts';
import type { Caller, Ctx, Demand } from './operation.ts';

export interface Circumstances {
  /** Region of the request: `aws:RequestedRegion`. */
  readonly region: string;
  /** Service through which the request comes, as `ec2`: sets `kms:ViaService` and `aws:ViaAWSService`. */
  readonly via?: string;
  /** Lower-case condition keys of the connection (`aws:sourceip`, …). */
  readonly context?: Readonly<Record<string, readonly string[]>>;
}
