/** Deregistration protection (IMG-72). Source: EC2 User Guide "Protect an Amazon EC2 AMI from deregistration". */
import type { Image } from '../world/ec2.ts';

/** With cooldown, an image stays protected for 24 hours after protection was switched off. */
export const COOLDOWN_MS = 86_400_000;

/** The value of `DeregistrationProtection` as DescribeImages shows it. */
export function protectionOf({ deregistrationProtection: protection }: Image, nowMs: number): string {
  const { state, untilMs } = protection;
  return state === 'disabled' && untilMs !== undefined && nowMs < untilMs
    ? `disabled-with-cooldown-until-${new Date(untilMs).toISOString()}`
    : state;
}

export function isProtected({ deregistrationProtection: protection }: Image, nowMs: number): boolean {
  return protection.state !== 'disabled' || (protection.untilMs !== undefined && nowMs < protection.untilMs);
}
