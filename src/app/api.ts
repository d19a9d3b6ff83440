/** The public library of amiport: what the CLI calls, and what other programs may call. */

export { type RawSender, type Reach, rawSender } from '../aws/raw.ts';
export { type ConfigProblem, renderFrame } from '../model/config-problem.ts';
export { configJsonSchema } from '../model/config-schema.ts';
export { showConfig as effectiveConfig } from '../model/config-show.ts';
export type { Delivery } from '../model/delivery.ts';
export type { Difference } from '../plan/drift-difference.ts';
export { isKeyEffect, type KeyEffect } from '../plan/key-effects.ts';
export { KEY_POLICY_BYTES_MAX } from '../plan/key-limits.ts';
export type { Part } from '../plan/select.ts';
export type { Exported, Plan, Step } from '../plan/step.ts';
export { isVolumeEffect, type VolumeEffect } from '../plan/volume-effects.ts';
export type { RotateCensus } from '../rotate/census.ts';
export type { VolumeKeys } from '../rotate/volume-keys.ts';
export type { RequestRecord } from '../run/journal.ts';
export type { ProbeResult } from '../verify/probes.ts';
export type { Proof } from '../verify/question.ts';
export {
  type Audited,
  type AuditSurroundings,
  type AuditTarget,
  auditTarget,
  type ReportedFinding,
  rawFileTarget,
  withoutHashes,
} from './audit.ts';
export { type AuditedNew, auditNew } from './audit-new.ts';
export { awsTarget } from './audit-target.ts';
export { keepBefore } from './before.ts';
export { type Built, buildImage } from './build.ts';
export { launchCanaries } from './canary.ts';
export type { CanaryResult } from './canary-launch.ts';
export { simulatedClock } from './clock.ts';
export {
  type Compared,
  type CompareOptions,
  type Counted,
  compare,
  type ImageCompared,
  isPriceName,
  type Secrets,
  type WayRow,
} from './compare.ts';
export {
  type Applied,
  type ApplyOptions,
  applyPlan,
  makePlan,
  type Planned,
  type Verified,
  verify,
} from './deliver.ts';
export {
  type AuditRequest,
  type Desk,
  type DeskPorts,
  deskOf,
  type ExplainAsked,
  type Proofs,
  type ReportRequest,
  type Who,
} from './desk.ts';
export { type DriftReport, drift } from './drift.ts';
export { type Drilled, drill, type Simulate, type Simulated } from './drill.ts';
export { type EmergencyAsked, emergencyPlan } from './emergency.ts';
export type { AppEvent, Emit } from './events.ts';
export {
  type Explained,
  explainEvent,
  explainGroup,
  explainInstance,
  explainPlace,
  explainSaid,
  explainText,
} from './explain.ts';
export { exportedIam } from './export-iam.ts';
export type { FixPlan } from './fix-plan.ts';
export { keptProof } from './kept-proofs.ts';
export { type Lease, type LeasePorts, resumeLease, takeLease } from './lease.ts';
export { type Left, left } from './left.ts';
export type { LeftResource } from './left-resource.ts';
export type { Notice } from './notice.ts';
export { notify } from './notify.ts';
export { type AccessCheck, type Answers, checkAccess, configText } from './onboard.ts';
export type { OtherAsked } from './other-plan.ts';
export { blockedName, type PlaceEnd, type PlacePorts, PlannedRun } from './place-work.ts';
export {
  countedProofs,
  type Report,
  type ReportedProofs,
  type ReportedRun,
  type ReportedStep,
  type RunTold,
  report,
} from './report.ts';
export { retirePlan } from './retire.ts';
export { rollbackPlan } from './rollback.ts';
export { censusBefore, overviewOf, ownerAskedFor, type RotateWish, type Stage } from './rotate.ts';
export type { RotateOverview } from './rotate-overview.ts';
export {
  type Begun,
  type RotationAsked,
  type RotationDesk,
  rotationDesk,
  type ShownStage,
  type ToDo,
} from './rotation-desk.ts';
export { RotationRun } from './rotation-run.ts';
export type { RunEnd } from './run-end.ts';
export { type Scheduled, scheduledRotation } from './scheduled.ts';
export {
  type BadInput,
  checkConfig,
  openSession,
  readConfig,
  type Session,
  type SessionOptions,
  whoAmI,
} from './session.ts';
export { type RegionStatus, type RunStatus, type Status, status } from './status.ts';
export { rehomePlan, volumeKeys } from './volume-keys.ts';
