/**
 * What somebody agrees to when a phase of a rotation is shown: its steps, but for the moment that a mark on a key says, which is
 * that of the carrying out. Pure.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/canonical.ts';
import type { Plan, Step } from '../plan/step.ts';
import type { Phase } from './rotation.ts';

/** @returns SHA-256 in hex; equal for plans that do the same to the same resources */
export function approvalOf(phase: Phase, plan: Plan): string {
  return createHash('sha256')
    .update(canonicalJson([phase, ...plan.steps.map(timeless)]))
    .digest('hex');
}

const timeless = (step: Step): unknown => (step.do === 'tag-key' ? { ...step, tags: Object.keys(step.tags) } : step);
