/** What failures can be asked for, in world files (`faults`) and by the control API. `docs/reference/sim-control.md` describes it. */
import { z } from 'zod';
import { serviceNamed } from '../wire/services.ts';
import { REGION_ZONES } from '../world/regions.ts';

const FAULTS = [
  /** Refused as too often, in the words of the service. */
  'throttle',
  /** Refused with 503, 500. */
  'unavailable',
  'internal',
  /** The connection breaks, without or with the effect. */
  'drop-before',
  'drop-after',
  /** The reply comes `delayMs` later. */
  'delay',
  /** The request arrives twice: two effects unless it is idempotent, the reply is the second one's. */
  'duplicate',
  /** A read sees the world as it was `staleMs` ago. */
  'stale',
  /** A copy of an image or snapshot begins well and fails `afterMs` later. */
  'copy-fails',
  /** Nobody answers in `region`: every connection breaks without effect. */
  'region-down',
] as const;

type FaultKind = (typeof FAULTS)[number];

export interface FaultRule {
  readonly fault: FaultKind;
  /** 0..1, of the requests that it concerns; absent: all. */
  readonly probability?: number;
  /** Which requests; absent: all. */
  readonly service?: string;
  readonly action?: string;
  readonly account?: string;
  readonly region?: string;
  /** Simulated ms since the rules were set, at the start since the first request; absent: from the start, without end. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** Storms: only in the first `forMs` of every `everyMs`. */
  readonly everyMs?: number;
  readonly forMs?: number;
  /** Ends after so many hits. */
  readonly max?: number;
  /** `delay`: real ms over HTTP, virtual ms in process. */
  readonly delayMs?: number;
  /** `stale`, simulated. */
  readonly staleMs?: number;
  /** `copy-fails`, simulated. */
  readonly afterMs?: number;
  /** `copy-fails`: StateMessage of the snapshot. */
  readonly message?: string;
}

const duration = z.number().min(0);

const shape = z.strictObject({
  fault: z.enum(FAULTS, { error: `must be one of ${FAULTS.join(', ')}` }),
  probability: z.number().min(0).max(1).exactOptional(),
  service: z
    .string()
    .refine((name) => serviceNamed(name) !== undefined, 'is no service that the simulator speaks')
    .exactOptional(),
  action: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9]+$/, 'must be the name of an operation, as CopyImage')
    .exactOptional(),
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be 12 digits')
    .exactOptional(),
  region: z
    .string()
    .refine((name) => name in REGION_ZONES, 'is no Region that the simulator knows')
    .exactOptional(),
  fromMs: duration.exactOptional(),
  untilMs: duration.exactOptional(),
  everyMs: duration.min(1).exactOptional(),
  forMs: duration.min(1).exactOptional(),
  max: z.int().min(1).exactOptional(),
  delayMs: duration.max(600_000).exactOptional(),
  staleMs: duration.max(86_400_000).exactOptional(),
  afterMs: duration.exactOptional(),
  message: z.string().min(1).max(255).exactOptional(),
});

/** Members that mean something to one fault only. */
const ONLY: Readonly<Partial<Record<keyof FaultRule, FaultKind>>> = {
  delayMs: 'delay',
  staleMs: 'stale',
  afterMs: 'copy-fails',
  message: 'copy-fails',
};

function contradictions(rule: FaultRule): readonly (readonly [keyof FaultRule, string])[] {
  const wrong: (readonly [keyof FaultRule, string])[] = [];
  for (const [member, fault] of Object.entries(ONLY) as [keyof FaultRule, FaultKind][]) {
    if (rule[member] !== undefined && rule.fault !== fault) wrong.push([member, `means something to ${fault} only`]);
  }
  if (rule.fault === 'region-down' && rule.region === undefined) wrong.push(['fault', 'needs a region beside it']);
  if ((rule.everyMs === undefined) !== (rule.forMs === undefined)) {
    wrong.push([rule.everyMs === undefined ? 'forMs' : 'everyMs', 'needs the other of everyMs and forMs beside it']);
  } else if ((rule.forMs ?? 0) > (rule.everyMs ?? 0)) wrong.push(['forMs', 'must not be longer than everyMs']);
  if ((rule.fromMs ?? 0) >= (rule.untilMs ?? Number.POSITIVE_INFINITY)) wrong.push(['untilMs', 'must be after fromMs']);
  return wrong;
}

export const faultRules = z.array(
  shape.superRefine((rule, at) => {
    for (const [member, message] of contradictions(rule)) at.addIssue({ code: 'custom', path: [member], message });
  }),
);
