/** Figures for Prometheus. A registry of its own: two servers in one process (tests) keep theirs apart. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  readonly steps: Counter<'result'>;
  readonly jobs: Counter<'result'>;
  readonly takeovers: Counter;
  readonly notices: Counter<'outcome'>;
  readonly requests: Counter<'route' | 'status'>;
  readonly refused: Counter<'why'>;
  readonly stepSeconds: Histogram<'kind'>;
  /** By delivery, as of the last look. */
  readonly drift: Gauge<'delivery'>;
  readonly expiry: Gauge<'delivery'>;
  /** Images whose newest version has secrets on its disks. */
  readonly secrets: Gauge<'delivery'>;
}

/** A grant takes a fraction of a second, a copy an hour. */
const SECONDS = [0.05, 0.2, 1, 5, 30, 120, 600, 3_600];

/** @param busy how many jobs are under way in this process now */
export function makeMetrics(busy: () => number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'amiport_jobs_running',
    help: 'Jobs under way in this process',
    registers,
    collect() {
      this.set(busy());
    },
  });
  return {
    registry,
    steps: new Counter({
      name: 'amiport_steps_total',
      help: 'Steps by how they ended',
      labelNames: ['result'],
      registers,
    }),
    jobs: new Counter({
      name: 'amiport_jobs_total',
      help: 'Jobs by how this process left them',
      labelNames: ['result'],
      registers,
    }),
    takeovers: new Counter({ name: 'amiport_takeovers_total', help: 'Jobs taken over from dead workers', registers }),
    notices: new Counter({
      name: 'amiport_notices_total',
      help: 'Ends of runs and drift that somebody was to be told of',
      labelNames: ['outcome'],
      registers,
    }),
    requests: new Counter({
      name: 'amiport_http_requests_total',
      help: 'Requests by route and status',
      labelNames: ['route', 'status'],
      registers,
    }),
    refused: new Counter({
      name: 'amiport_http_refused_total',
      help: 'Requests refused before they were looked at',
      labelNames: ['why'],
      registers,
    }),
    stepSeconds: new Histogram({
      name: 'amiport_step_seconds',
      help: 'Time from the start of a step to its end',
      labelNames: ['kind'],
      buckets: SECONDS,
      registers,
    }),
    secrets: new Gauge({
      name: 'amiport_images_with_findings',
      help: 'Images whose newest version has secrets on its disks, as of the last audit',
      labelNames: ['delivery'],
      registers,
    }),
    expiry: new Gauge({
      name: 'amiport_expired_versions',
      help: 'Versions beyond what a delivery keeps that nobody uses',
      labelNames: ['delivery'],
      registers,
    }),
    drift: new Gauge({
      name: 'amiport_drift_differences',
      help: 'What is not as the config of a delivery wants',
      labelNames: ['delivery'],
      registers,
    }),
  };
}
