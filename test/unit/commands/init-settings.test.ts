import { describe, expect, it } from '@jest/globals';
import { startedSettings } from '../../../runtime/commands/init-settings.ts';
import { parseSettings } from '../../../runtime/config/settings.ts';

describe('started settings', () => {
  it.each([
    [[], undefined],
    [['github.com'], { 'github.com': { token: { env: 'GITHUB_TOKEN' } } }],
    [
      ['127.0.0.1:3000', 'ghe.example.com'],
      {
        '127.0.0.1:3000': { token: { env: 'FORGE_127_0_0_1_3000_TOKEN' } },
        'ghe.example.com': { token: { env: 'GHE_EXAMPLE_COM_TOKEN' } },
      },
    ],
  ])('for %j can be read', (hosts, forges) => {
    const settings = parseSettings({ name: 'slipway.yaml', text: startedSettings(hosts) }, {});
    expect(settings.forges).toEqual(forges);
  });

  it('show examples that can be read too', () => {
    const text = startedSettings([]);
    const blocks = text.split('\n\n').slice(1);
    expect(blocks.length).toBeGreaterThan(4);
    for (const block of blocks) {
      const example = block
        .split('\n')
        .filter((line) => /^# (?: +)?[\w.]+:/.test(line))
        .map((line) => line.slice(2));
      const [first = '', ...rest] = example;
      // Several examples for one host exclude each other.
      const choices = first.startsWith('forges') ? rest.map((line) => [first, line]) : [example];
      for (const choice of choices)
        expect(() => parseSettings({ name: 'slipway.yaml', text: choice.join('\n') }, {})).not.toThrow();
    }
  });
});
