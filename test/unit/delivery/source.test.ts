import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../runtime/control/log.ts';
import { parseDelivery } from '../../../runtime/delivery/config/parse.ts';
import { DesiredSource } from '../../../runtime/delivery/source.ts';
import { PortError } from '../../../runtime/ports/index.ts';

const { signal } = new AbortController();

function config(tag: string): string {
  return `apiVersion: slipway.dev/v1alpha1
kind: Delivery
versions:
  main:
    tag: ${tag}
    repositories:
      source: {url: https://github.com/acme/source, branch: main}
      manifests: {url: https://github.com/acme/manifests, branch: main}
applications:
  web: {source: source, context: web, image: registry.test/acme/web, targets: [{kustomization: web}]}
`;
}

/** A source whose file holds one text, or fails, after the other. */
async function sourceOf(...answers: (string | Error)[]) {
  const documents = {
    read: (name: string) => {
      const answer = answers.shift() ?? '';
      return typeof answer === 'string' ? Promise.resolve({ name, text: answer }) : Promise.reject(answer);
    },
  };
  return new DesiredSource('delivery.yaml', documents, {}, await createLogger({ level: 'silent' }));
}

describe('DesiredSource', () => {
  it('gives the same pairs while the text stays, and others once it changes', async () => {
    const source = await sourceOf(config('v1'), config('v1'), config('v2'));
    const first = await source.read(signal);
    expect(await source.read(signal)).toBe(first);
    expect((await source.read(signal)).pairs[0]?.tag).toBe('v2');
  });

  it('keeps the last good one while the file is bad or out of reach', async () => {
    const away = new PortError('transient', 'delivery.yaml', 'it is away');
    const source = await sourceOf(config('v1'), 'nonsense: true', away, config('v2'));
    const first = await source.read(signal);
    expect(await source.read(signal)).toBe(first);
    expect(await source.read(signal)).toBe(first);
    expect((await source.read(signal)).pairs[0]?.tag).toBe('v2');
  });

  it('throws as long as there has been no good one', async () => {
    const source = await sourceOf('nonsense: true', config('v1'));
    await expect(source.read(signal)).rejects.toThrow('nonsense');
    expect((await source.read(signal)).pairs).toHaveLength(1);
  });

  it('does not read again what is known of the text', async () => {
    const text = config('v1');
    const desired = parseDelivery({ name: 'delivery.yaml', text });
    const documents = { read: (name: string) => Promise.resolve({ name, text }) };
    const logger = await createLogger({ level: 'silent' });
    const source = new DesiredSource('delivery.yaml', documents, {}, logger, { text, desired });
    expect(await source.read(signal)).toBe(desired);
  });
});
