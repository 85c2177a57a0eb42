import { z } from 'zod';
import { delivery } from '../api/delivery.ts';
import { settings } from '../api/settings.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schema of `kind: Delivery` files, for editors. What fields mean together only `delivery validate` knows. */
export function deliverySchema(): JsonSchema {
  return schemaOf(
    delivery,
    'delivery',
    'Slipway delivery',
    'What is built from which branch, and where the images go',
  );
}

/** JSON Schema of `slipway.yaml`, for editors. */
export function settingsSchema(): JsonSchema {
  return schemaOf(
    settings,
    'settings',
    'Slipway settings',
    'How an installation of Slipway reaches the outside',
  );
}

function schemaOf(schema: z.ZodType, name: string, title: string, description: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { $schema, $id: `https://slipway.dev/schema/${name}.schema.json`, title, description, ...rest };
}
