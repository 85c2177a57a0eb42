import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from '@jest/globals';
import { deliverySchema, settingsSchema } from '../../../runtime/config/json-schema.ts';

const schemas = { delivery: deliverySchema(), settings: settingsSchema() };

describe('the JSON Schemas for editors', () => {
  it.each(Object.entries(schemas))(
    '%s is current: else run node test/support/write-schemas.ts',
    (name, schema) => {
      const path = new URL(`../../../docs/schema/${name}.schema.json`, import.meta.url);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
    },
  );

  it('accept what is right and refuse what is not', () => {
    const ajv = new Ajv2020({ allErrors: true });
    formats.default(ajv);
    const delivery = ajv.compile(schemas.delivery);
    const version = {
      tag: 'v1',
      repositories: { src: { url: 'https://example.com/o/src', branch: 'main' } },
    };
    const application = {
      source: 'src',
      context: 'a',
      image: 'example.com/a',
      targets: [{ kustomization: 'x' }],
    };
    const good = {
      apiVersion: 'slipway.dev/v1alpha1',
      kind: 'Delivery',
      versions: { v1: version },
      applications: { a: application },
    };
    expect(delivery(good)).toBe(true);
    expect(delivery({ ...good, applications: { a: { ...application, dockerfle: 'x' } } })).toBe(false);
    expect(delivery({ ...good, applications: { A_: application } })).toBe(false);
    const settings = ajv.compile(schemas.settings);
    expect(settings({ forges: { 'github.com': { token: { env: 'T' } } }, interval: '5m' })).toBe(true);
    expect(settings({ forges: { 'github.com': { token: 'T' } } })).toBe(false);
  });
});
