// Writes docs/schema anew: node test/support/write-schemas.ts
import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { deliverySchema, settingsSchema } from '../../runtime/config/json-schema.ts';

for (const [name, schema] of Object.entries({ delivery: deliverySchema(), settings: settingsSchema() })) {
  const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 110 });
  await writeFile(new URL(`../../docs/schema/${name}.schema.json`, import.meta.url), text);
}
