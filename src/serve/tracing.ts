/** Spans for OpenTelemetry. Without an SDK registered in the process they cost nothing and go nowhere. */
import { type Attributes, type Span, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = () => trace.getTracer('amiport');

export function traced<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T> {
  return tracer().startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** For what begins and ends in two places. */
export const startSpan = (name: string, attributes: Attributes): Span => tracer().startSpan(name, { attributes });
