/**
 * Who wants to know of the KMS calls that services make for a caller: they count against the caller's request rates.
 * Source: KMS Developer Guide "Request quotas" (calls of integrated services; cross-account requests).
 */
import type { World } from '../world/world.ts';

export interface ServiceCall {
  /** Whose call it is: the account that asks, not the one that owns the key. */
  readonly account: string;
  readonly region: string;
  readonly operation: string;
  readonly nowMs: number;
}

/** Not part of the world: rates are not, either. */
const listeners = new WeakMap<World, (call: ServiceCall) => void>();

export function onServiceCall(world: World, told: (call: ServiceCall) => void): void {
  listeners.set(world, told);
}

export function tellServiceCall(world: World, call: ServiceCall): void {
  listeners.get(world)?.(call);
}
