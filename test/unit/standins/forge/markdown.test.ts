import { describe, expect, it } from '@jest/globals';
import { renderMarkdown } from '../../../../runtime/standins/forge/markdown.ts';

const rendered = (text: string) => renderMarkdown(text).toString();

describe('text of pull requests on a page', () => {
  it('shows tables and links, and leaves comments out', () => {
    const page = rendered('| a |\n|---|\n| [x](https://example.com) |\n\n<!-- slipway: {} -->');
    expect(page).toContain('<table>');
    expect(page).toContain('href="https://example.com"');
    expect(page).not.toContain('slipway');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '<!-<!-- -->- <b>',
  ])('runs nothing of %s', (text) => {
    expect(rendered(text)).not.toMatch(/<(script|img|b)\b|href="javascript/i);
  });
});
