import { z } from 'zod';
import type { ObjectKind } from '../../../../runtime/ports/object-store.ts';

const schema = z.object({
  spec: z.object({ size: z.number(), note: z.string().optional() }),
  status: z.object({ ready: z.boolean() }).optional(),
});

/** A kind for tests that need more than one process. */
export const widgets: ObjectKind<{ size: number; note?: string }, { ready: boolean }> = {
  apiVersion: 'contract.slipway.dev/v1alpha1',
  kind: 'Widget',
  plural: 'widgets',
  parse: (value) => schema.parse(value),
};
